// Package host is the engine's side of the plugin protocol: it starts plugins,
// asks them what they add, and makes samplers and stages of that.
//
// In comes a Program, which package build makes from a plugin's folder; out
// come sample.Methods and stages.Stages that do their work in another process.
// Nothing that the process does may harm the engine or outlive its work: it
// gets a process group, a mark by which strays are found, limits on what it
// may say and for how long it may be silent, and every failure ends in an error
// with its last words.
package host
