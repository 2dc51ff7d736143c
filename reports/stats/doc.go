// Package stats tells differences from noise: in come differences, one for
// each unit that was measured twice (such as a question), or two samples; out
// come intervals and p-values.
//
// Resampling is deterministic: the same differences and seed give the same
// answer on any machine, however many CPUs it has.
package stats
