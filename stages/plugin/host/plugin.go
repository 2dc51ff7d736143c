package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"repro/stages"
	"repro/stages/plugin/v1"
	"repro/stages/sample"
)

// Plugin is a plugin as the engine uses it.
type Plugin struct {
	program     *Program
	options     Options
	memory      memory
	description *pluginv1.Description

	interrupted context.Context // the caller of Open's: questions end with it

	mu   sync.Mutex
	desk *session // answers questions; started when the first one is asked
	dir  string   // its working directory
}

// Open asks the program what it adds, or remembers it. It refuses what no
// workflow could use. When ctx is done, so are questions about parameters that
// are asked later: Checker, by which they come, knows no context.
func Open(ctx context.Context, program *Program, o Options) (*Plugin, error) {
	p := &Plugin{program: program, options: o, memory: memory{dir: program.Keep}, interrupted: ctx}
	d, known := p.memory.description()
	if !known {
		err := p.ask(ctx, func(s *session) (err error) {
			d, err = s.rpc.Describe(ctx, &pluginv1.DescribeRequest{})
			return err
		})
		if err == nil {
			err = checkDescription(program.Name, d)
		}
		if err != nil {
			return nil, errors.Join(err, p.Close())
		}
		p.memory.rememberDescription(d)
	}
	p.description = d
	return p, nil
}

// Name returns what the workflow calls the plugin.
func (p *Plugin) Name() string { return p.program.Name }

// Program returns the program that the plugin is.
func (p *Plugin) Program() *Program { return p.program }

// Samplers returns the samplers that the plugin adds.
func (p *Plugin) Samplers() []sample.Method {
	var methods []sample.Method
	for _, s := range p.description.GetSamplers() {
		methods = append(methods, sample.Method{
			Name: s.GetName(), Doc: s.GetDoc(), Params: params(s.GetParams()), Inputs: ports(s.GetInputs()), Class: s.GetClass(),
			Tools:  p.program.tools(),
			Remote: &sampler{plugin: p, name: s.GetName()},
		})
	}
	return methods
}

// Kinds returns the kinds of stages that the plugin adds.
func (p *Plugin) Kinds() []stages.Stage {
	var kinds []stages.Stage
	for _, k := range p.description.GetKinds() {
		kinds = append(kinds, &kind{plugin: p, spec: specOf(k)})
	}
	return kinds
}

// Variants returns what the plugin adds to kinds that the engine has.
func (p *Plugin) Variants() []stages.Extension {
	var list []stages.Extension
	for _, v := range p.description.GetVariants() {
		list = append(list, stages.Extension{
			Kind:    v.GetKind(),
			Variant: variantOf(v),
			Stage:   &variant{plugin: p, kind: v.GetKind(), name: v.GetName()},
		})
	}
	return list
}

// Close ends the process that answers questions. The plugin can be used all
// the same: another question starts it anew, and a run has a process of its own.
func (p *Plugin) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.desk == nil {
		return nil
	}
	err := p.desk.close()
	p.desk = nil
	return errors.Join(err, os.RemoveAll(p.dir))
}

// ask puts a question to the plugin, one at a time, and starts it if need be.
func (p *Plugin) ask(ctx context.Context, question func(*session) error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.desk == nil {
		dir, err := os.MkdirTemp("", "repro-plugin-")
		if err != nil {
			return err
		}
		desk, err := start(ctx, p.program, dir, nil, nil, p.options)
		if err != nil {
			return errors.Join(err, os.RemoveAll(dir))
		}
		p.desk, p.dir = desk, dir
	}
	done := make(chan error, 1)
	go func() { done <- question(p.desk) }()
	var err error
	select {
	case err = <-done:
	case <-ctx.Done():
		p.desk.stop(context.Cause(ctx))
		err = <-done
	case <-time.After(p.options.withDefaults().Silence):
		p.desk.stop(fmt.Errorf("it hangs: no answer for %v", p.options.withDefaults().Silence))
		err = <-done
	}
	if err == nil {
		return nil
	}
	// The next question gets a new process.
	err = withWords(p.desk.explain(err), p.desk.log.lastWords())
	err = errors.Join(err, p.desk.close(), os.RemoveAll(p.dir))
	p.desk = nil
	return err
}

// withWords adds a plugin's last words to an error that no log goes with.
func withWords(err error, words string) error {
	if words == "" {
		return err
	}
	return fmt.Errorf("%w. Its last words:\n%s", err, words)
}

// check asks the plugin about parameters. That they were good is remembered:
// the answer cannot change while the plugin's files are the same.
func (p *Plugin) check(req *pluginv1.CheckRequest) error {
	if p.memory.good(req) {
		return nil
	}
	var answer *pluginv1.CheckResponse
	ctx := p.interrupted
	if err := p.ask(ctx, func(s *session) (err error) {
		answer, err = s.rpc.Check(ctx, req)
		return err
	}); err != nil {
		return err
	}
	if refusal := answer.GetRefusal(); refusal != nil {
		return failed(p.program.Name, refusal)
	}
	p.memory.rememberGood(req)
	return nil
}

// sampler is a sampler of a plugin. It implements sample.Remote.
type sampler struct {
	plugin *Plugin
	name   string
}

// Check implements sample.Remote.
func (s *sampler) Check(params json.RawMessage) error {
	return s.plugin.check(&pluginv1.CheckRequest{
		What: &pluginv1.CheckRequest_Sampler{Sampler: s.name}, Params: string(params),
	})
}

// variant is a variant, by a plugin, of a kind that the engine has.
type variant struct {
	plugin     *Plugin
	kind, name string
}

// Spec implements stages.Stage. The engine has the kind's own.
func (v *variant) Spec() stages.Spec { return stages.Spec{Kind: v.kind} }

// Check implements stages.Checker.
func (v *variant) Check(params json.RawMessage) error {
	return v.plugin.check(&pluginv1.CheckRequest{
		What:   &pluginv1.CheckRequest_Variant{Variant: &pluginv1.VariantName{Kind: v.kind, Name: v.name}},
		Params: string(params),
	})
}

// Tools implements stages.Tooled.
func (v *variant) Tools(context.Context, json.RawMessage) (map[string]string, error) {
	return v.plugin.program.tools(), nil
}

// Run implements stages.Stage.
func (v *variant) Run(ctx context.Context, job *stages.Job) error {
	req := Request(job)
	req.What = &pluginv1.RunRequest_Work{Work: &pluginv1.Work{Kind: v.kind, Variant: v.name, Outputs: job.Out, Checkpoint: job.Checkpoint}}
	return run(ctx, v.plugin.program, req, job, v.plugin.options)
}

// kind is a kind of stage of a plugin.
type kind struct {
	plugin *Plugin
	spec   stages.Spec
}

// Spec implements stages.Stage.
func (k *kind) Spec() stages.Spec { return k.spec }

// Check implements stages.Checker.
func (k *kind) Check(params json.RawMessage) error {
	return k.plugin.check(&pluginv1.CheckRequest{
		What: &pluginv1.CheckRequest_Kind{Kind: k.spec.Kind}, Params: string(params),
	})
}

// Tools implements stages.Tooled.
func (k *kind) Tools(context.Context, json.RawMessage) (map[string]string, error) {
	return k.plugin.program.tools(), nil
}

// Run implements stages.Stage.
func (k *kind) Run(ctx context.Context, job *stages.Job) error {
	req := Request(job)
	req.What = &pluginv1.RunRequest_Work{Work: &pluginv1.Work{Kind: k.spec.Kind, Outputs: job.Out, Checkpoint: job.Checkpoint}}
	return run(ctx, k.plugin.program, req, job, k.plugin.options)
}

// Request returns the part of a request that all runs share.
func Request(job *stages.Job) *pluginv1.RunRequest {
	req := &pluginv1.RunRequest{Params: string(job.Params), Dir: job.Dir, Threads: uint32(max(1, job.Threads)), Gpus: job.GPUs}
	for _, in := range job.In {
		req.Inputs = append(req.Inputs, &pluginv1.Input{Port: in.Port, Name: in.Name, Path: in.Path})
	}
	return req
}
