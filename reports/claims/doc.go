// Package claims judges sentences about results: in come a *reports.Snapshot
// and its claims; out come verdicts, each with its evidence. A claim is judged
// twice: on our results, and on the numbers that were published.
//
// A comparison of ours has to be real with other questions and with other
// seeds: it is paired over questions, compared over seeds where both sides have
// several, and the larger p-value counts (an intersection–union test; Berger,
// 1982). Published numbers have neither; they are paired over what the report
// averages over, such as the query language, by Student's t. Languages are not
// independent, so those p-values are too small, and the evidence says so.
package claims
