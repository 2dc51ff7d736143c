package host

import "repro/stages"

// Program is a plugin that is ready to be started.
type Program struct {
	Name     string            // as the workflow calls it
	Argv     []string          // the program, by an absolute path, and its arguments
	Env      []string          // "NAME=value", besides the few that every plugin gets
	Identity map[string]string // all that may change what it does, by what it is: "files", "toolchain", "sdk", "protocol"
	Keep     string            // a folder for what is remembered of it; "" for none

	// Copied and Source, if not empty, are the folder that it runs from and the
	// one that it is a copy of: its log names files of the second.
	Copied, Source string
}

// tools returns what the plugin adds to the key of a stage that it does the
// work of.
func (p *Program) tools() map[string]string {
	tools := make(map[string]string, len(p.Identity))
	for part, value := range p.Identity {
		tools[stages.PluginTool(p.Name, part)] = value
	}
	return tools
}
