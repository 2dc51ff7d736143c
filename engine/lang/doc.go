// Package lang reads workflow files.
//
// In comes an HCL file with variables; out comes a Workflow: every instance of
// every stage with its parameters, its inputs as references to outputs of
// other instances or as paths, and the reports. Blocks are evaluated in the
// order of the references between them, whatever their order in the file.
//
// Package lang starts no plugin, opens no cache and reads no data. All errors
// are HCL diagnostics with the place in the source.
package lang
