// Package paper fills LaTeX templates with results, so that no measured number of a
// paper is typed.
//
// In comes a template and a snapshot of the workflow as it is now; out come LaTeX
// for pdflatex and for pandoc with every number in its place, PDF and HTML made
// of it, and a list of where each number comes from. A number without a current
// result, and one that somebody typed, is a Problem with its line, and then
// nothing is built. docs/paper.md describes the templates.
package paper
