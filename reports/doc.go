// Package reports turns the results of a workflow into what people read.
//
// In comes a Snapshot: the record of a run, or what the cache holds for some
// state of the files. Out come a Table for each report, data only (means with
// intervals, the best of each column, published values beside them, notes on
// whatever is missing or unequal), and the values per query behind each cell.
// The folders below compare snapshots, find causes, judge claims, and draw.
// Numbers in a paper come from here and are never typed.
package reports
