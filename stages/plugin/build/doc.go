// Package build makes a program of a plugin's folder.
//
// In comes a folder with a manifest (plugin.hcl) and sources; out comes a
// host.Program that can be started, and its identity: digests and versions of
// all that may change what it does. The folder is copied first, to a place that
// its digest names, so that what runs is what the key says, and nothing is
// written into the author's folder. A Go plugin is compiled there once, against
// the sources of the SDK that travel inside the repro binary; a Python plugin
// gets the SDK on its path.
package build
