// Package scaffold writes new plugins.
//
// In comes a name, a language and what the plugin is to add; out comes a folder
// with a manifest, one source file that works and is easy to change, and a test
// of it.
package scaffold
