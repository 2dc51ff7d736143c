package stages

import "strings"

// Owns reports whether a kind or variant of that name may be the plugin's: it is
// the plugin's name, or starts with it and a "-". So no plugin has to be started
// to find out whose a name is.
func Owns(plugin, name string) bool { return name == plugin || strings.HasPrefix(name, plugin+"-") }

// pluginTool is what the names of a plugin's parts start with among the tools of
// a key.
const pluginTool = "plugin "

// PluginTool names a part of a plugin ("files", "toolchain") among the tools of
// a key.
func PluginTool(plugin, part string) string { return pluginTool + plugin + " " + part }

// ParsePluginTool is the reverse of PluginTool; ok is false for the name of a
// program.
func ParsePluginTool(tool string) (plugin, part string, ok bool) {
	rest, ok := strings.CutPrefix(tool, pluginTool)
	if !ok {
		return "", "", false
	}
	return strings.Cut(rest, " ")
}
