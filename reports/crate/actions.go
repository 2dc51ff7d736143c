package crate

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"repro/cache"
	"repro/cache/runs"
)

// Identifiers of the things that a crate has one of.
const (
	language  = "#language"
	engine    = "#engine"
	workflow  = "#run"
	organizer = "#engine-run"
	person    = "#agent"
)

func outputID(report string) string   { return localID("output", report) }
func variableID(name string) string   { return localID("variable", name) }
func toolID(kind string) string       { return localID("kind", kind) }
func stepID(block string) string      { return localID("step", block) }
func executionID(addr string) string  { return localID("execution", addr) }
func controlID(addr string) string    { return localID("control", addr) }
func programID(name, v string) string { return localID("program", name+"/"+v) }

// block returns the address of a stage without its coordinates: its block in
// the workflow, which is a step of it.
func block(addr string) string {
	name, _, _ := strings.Cut(addr, "[")
	return name
}

// workflow adds the workflow as it was planned: its parameters, its steps, and
// the kinds of stages as the tools that the steps use.
func (g *graph) workflow() {
	var inputs, outputs, tools, steps []reference
	for _, name := range slices.Sorted(maps.Keys(g.Run.Vars)) {
		inputs = append(inputs, g.add(variableID(name), "FormalParameter", entity{
			"name": name, "additionalType": typeOf(g.Run.Vars[name]),
		}))
	}
	for _, r := range g.Run.Reports {
		outputs = append(outputs, g.add(outputID(r.Name), "FormalParameter", entity{
			"name": r.Name, "description": r.Title, "additionalType": "File",
		}))
	}
	for _, s := range g.Run.Stages {
		if !g.happened(&s) {
			continue // a tool that nothing was done with is none of the profile's
		}
		tool := g.tool(&s)
		tools = append(tools, tool)
		if _, ok := g.at[stepID(block(s.Addr))]; !ok {
			steps = append(steps, g.add(stepID(block(s.Addr)), "HowToStep", entity{
				"name": block(s.Addr), "workExample": tool, "position": strconv.Itoa(len(steps)),
			}))
		}
	}
	file := entity{
		"name": g.Name, "description": g.Description, "encodingFormat": "text/plain",
		"programmingLanguage": g.add(language, "ComputerLanguage", entity{
			"name": "repro workflow language", "alternateName": "HCL", "version": g.Run.Host.Repro,
			"identifier": "https://github.com/hashicorp/hcl", "url": "https://github.com/hashicorp/hcl",
		}),
		"input": unique(inputs), "output": unique(outputs), "hasPart": unique(tools), "step": unique(steps),
	}
	for _, f := range g.Files {
		if f.Path == g.Workflow {
			file["contentSize"], file["sha256"] = strconv.FormatInt(f.Digest.Size, 10), f.Digest.Hex()
		}
	}
	if g.Run.Commit != "" {
		file["version"] = g.Run.Commit
		if g.Run.Dirty != "" {
			file["version"] = g.Run.Commit + "+" + g.Run.Dirty[:min(12, len(g.Run.Dirty))]
		}
	}
	g.add(pathID(g.Workflow), []string{"File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"}, file)
}

// happened reports whether a stage has a result, or was at least tried.
func (g *graph) happened(s *runs.Stage) bool {
	_, ok := g.Stages[s.Addr]
	return ok || s.State == runs.Failed
}

// tool adds the kind of a stage, with the programs that any stage of that kind
// ran.
func (g *graph) tool(s *runs.Stage) reference {
	id := toolID(s.Kind)
	if _, ok := g.at[id]; ok {
		return reference{id}
	}
	version := ""
	var programs []reference
	for _, other := range g.Run.Stages {
		done, ok := g.Stages[other.Addr]
		if !ok || other.Kind != s.Kind {
			continue
		}
		version = cmp.Or(version, done.Action.Version)
		for _, name := range slices.Sorted(maps.Keys(done.Action.Tools)) {
			v := done.Action.Tools[name]
			programs = append(programs, g.add(programID(name, v), "SoftwareApplication", entity{"name": name, "softwareVersion": v}))
		}
	}
	return g.add(id, "SoftwareApplication", entity{
		"name": "stages of the kind " + s.Kind, "softwareVersion": version, "softwareRequirements": unique(programs),
	})
}

// typeOf returns the type of a JSON value, in the names of schema.org.
func typeOf(value string) string {
	var v any
	if err := json.Unmarshal([]byte(value), &v); err != nil {
		return "Text"
	}
	switch v := v.(type) {
	case string:
		return "Text"
	case bool:
		return "Boolean"
	case float64:
		if v == float64(int64(v)) {
			return "Integer"
		}
		return "Float"
	default:
		return "PropertyValue"
	}
}

// actions adds what happened: the run, in it the stages, and around it repro.
func (g *graph) actions() {
	var agent any
	if g.Agent != "" {
		agent = g.add(person, "Person", entity{"name": g.Agent})
	}
	var controls []reference
	objects, results := g.variables(), []reference(nil)
	for _, s := range g.Run.Stages {
		control, sources := g.stage(&s, agent)
		controls = append(controls, control...)
		objects = append(objects, sources...)
	}
	for _, report := range slices.Sorted(maps.Keys(g.Tables)) {
		for _, path := range g.Tables[report] {
			results = append(results, reference{pathID(path)})
		}
	}
	run := g.add(workflow, "CreateAction", entity{
		"name":        "Run " + g.Run.ID + " of " + g.Name,
		"description": g.settings(),
		"instrument":  reference{pathID(g.Workflow)},
		"agent":       agent, "object": unique(objects), "result": unique(results),
		"startTime": moment(g.Run.Started), "endTime": moment(g.Run.Made()),
		"actionStatus": status(g.Run.Status == runs.Done),
	})
	g.add(engine, "SoftwareApplication", entity{"name": "repro", "softwareVersion": g.Run.Host.Repro})
	organize := g.add(organizer, "OrganizeAction", entity{
		"name":       "repro run",
		"instrument": reference{engine}, "agent": agent, "object": unique(controls), "result": run,
		"startTime": moment(g.Run.Started), "endTime": moment(g.Run.Made()),
	})
	g.mentions = append([]reference{run, organize}, g.mentions...)
}

// settings says in words what the run was asked for, and where.
func (g *graph) settings() string {
	words := []string{"repro run " + g.Run.Workflow}
	for _, name := range slices.Sorted(maps.Keys(g.Run.Vars)) {
		words = append(words, name+"="+g.Run.Vars[name])
	}
	return fmt.Sprintf("%s; on %s/%s with %d CPUs", strings.Join(words, " "), g.Run.Host.OS, g.Run.Host.Arch, g.Run.Host.CPUs)
}

// variables adds the values of the workflow's variables.
func (g *graph) variables() []reference {
	var list []reference
	for _, name := range slices.Sorted(maps.Keys(g.Run.Vars)) {
		list = append(list, g.add(localID("value", name), "PropertyValue", entity{
			"name": name, "value": g.Run.Vars[name], "exampleOfWork": reference{variableID(name)},
		}))
	}
	return list
}

// stage adds what was done for one stage and returns the order to do it, and
// the files of the user's that it read: nothing if it has not been done.
func (g *graph) stage(s *runs.Stage, agent any) (control, sources []reference) {
	if !g.happened(s) {
		return nil, nil
	}
	done, ok := g.Stages[s.Addr]
	execution := entity{
		"name":       s.Addr,
		"instrument": reference{toolID(s.Kind)}, "agent": agent,
		"actionStatus": status(ok),
	}
	if ok {
		var objects, results []reference
		for _, in := range done.Action.Inputs {
			name := in.Port + " of " + s.Addr
			data := g.data(in.Artifact, name)
			objects = append(objects, data)
			if g.Sources[in.Artifact] {
				sources = append(sources, data)
			}
		}
		for _, port := range slices.Sorted(maps.Keys(done.Result.Outputs)) {
			results = append(results, g.data(done.Result.Outputs[port], port+" of "+s.Addr))
		}
		execution["object"], execution["result"] = unique(objects), unique(results)
		execution["description"] = parameters(done.Action)
		execution["startTime"] = moment(done.Result.Recorded.Add(-done.Result.Took))
		execution["endTime"] = moment(done.Result.Recorded)
	} else {
		execution["description"], execution["error"] = "The stage failed.", s.Error
		execution["startTime"] = moment(s.Started)
		if !s.Started.IsZero() {
			execution["endTime"] = moment(s.Started.Add(s.Took))
		}
	}
	did := g.add(executionID(s.Addr), "CreateAction", execution)
	g.mentions = append(g.mentions, did)
	return []reference{g.add(controlID(s.Addr), "ControlAction", entity{
		"name": "stage " + s.Addr, "instrument": reference{stepID(block(s.Addr))}, "object": did,
	})}, sources
}

// parameters says in words what the stage was asked for.
func parameters(a *cache.Action) string {
	words := []string{a.Kind}
	for _, name := range slices.Sorted(maps.Keys(a.Params)) {
		words = append(words, name+"="+a.Params[name])
	}
	return strings.Join(words, " ")
}

func status(completed bool) string {
	if completed {
		return "http://schema.org/CompletedActionStatus"
	}
	return "http://schema.org/FailedActionStatus"
}
