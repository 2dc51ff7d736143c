// Package archtest holds the tests of the architecture: which folder may
// import which, that every package says what it is for, and what the main
// binary must never reach. It exports nothing.
package archtest
