package plugin

import (
	"context"
	"errors"
	"fmt"
	"os"

	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"repro/stages"
	"repro/stages/plugin/v1"
	"repro/stages/sample"
)

// Version is the version of the protocol that this package speaks.
const Version = 1

// What keeps a program from being started as a plugin by accident; not a secret.
const (
	CookieName  = "REPRO_PLUGIN"
	CookieValue = "5f1d4c4e-repro-plugin"
)

// Handshake returns what both sides must agree on before they talk.
func Handshake() goplugin.HandshakeConfig {
	return goplugin.HandshakeConfig{ProtocolVersion: Version, MagicCookieKey: CookieName, MagicCookieValue: CookieValue}
}

// Plugin is what a program adds. Every name of a sampler, kind or variant is the
// plugin's own, as the workflow's plugin block has it, or that with more behind
// a "-".
type Plugin struct {
	Samplers []sample.Method
	Kinds    []stages.Stage
	Variants []stages.Extension
}

// Serve is the main function of a plugin. It does not return.
//
// Started by the engine, it answers requests until the engine goes away.
// Started by hand, it does one thing in this very process, for tests and
// debuggers: "describe" prints what the plugin adds, and "run FILE" carries out
// the request in FILE (a RunRequest as JSON), with log and progress on standard
// error.
func Serve(p Plugin) {
	if os.Getenv(CookieName) != CookieValue {
		os.Exit(p.direct(os.Args[1:], os.Stdout, os.Stderr))
	}
	go exitWithParent()
	goplugin.Serve(&goplugin.ServeConfig{
		HandshakeConfig:  Handshake(),
		VersionedPlugins: map[int]goplugin.PluginSet{Version: {Name: &binding{plugin: p, stderr: os.Stderr}}},
		GRPCServer:       goplugin.DefaultGRPCServer,
		Logger:           quiet(),
	})
	os.Exit(0)
}

// Name is the one plugin of a program in go-plugin's sense.
const Name = "plugin"

// binding registers the service with go-plugin.
type binding struct {
	goplugin.NetRPCUnsupportedPlugin
	plugin Plugin
	stderr *os.File
}

// GRPCServer implements goplugin.GRPCPlugin.
func (b *binding) GRPCServer(_ *goplugin.GRPCBroker, s *grpc.Server) error {
	pluginv1.RegisterPluginServer(s, &server{plugin: b.plugin, stderr: b.stderr})
	return nil
}

// GRPCClient implements goplugin.GRPCPlugin; the engine has a binding of its own.
func (*binding) GRPCClient(context.Context, *goplugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, errors.New("a plugin is no client")
}

func (p *Plugin) sampler(name string) (sample.Method, error) {
	for _, m := range p.Samplers {
		if m.Name == name {
			return m, nil
		}
	}
	return sample.Method{}, fmt.Errorf("there is no sampler %q in this plugin", name)
}

// variant returns what does the work of a variant of one of the engine's kinds.
func (p *Plugin) variant(kind, name string) (stages.Stage, error) {
	for _, e := range p.Variants {
		if e.Kind == kind && e.Variant.Name == name {
			return e.Stage, nil
		}
	}
	return nil, fmt.Errorf("there is no variant %q of %q in this plugin", name, kind)
}

func (p *Plugin) kind(name string) (stages.Stage, error) {
	for _, s := range p.Kinds {
		if s.Spec().Kind == name {
			return s, nil
		}
	}
	return nil, fmt.Errorf("there is no kind %q in this plugin", name)
}
