// Package reports turns records of metrics into tables.
//
// In come a Spec (which dimensions make rows and columns, which are averaged)
// and records, the tidy output of evaluations; out comes a Table, data only:
// means with intervals, the best of each column, published values beside them,
// and notes on whatever is missing or unequal. The folders below draw tables
// and compare them. Numbers in a paper come from here and are never typed.
package reports
