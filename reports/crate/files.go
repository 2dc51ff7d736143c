package crate

import (
	"strconv"

	"repro/cache"
)

// standards are the documents that a crate conforms to.
var standards = []struct{ id, name, version string }{
	{"https://w3id.org/ro/wfrun/process/0.5", "Process Run Crate", "0.5"},
	{"https://w3id.org/ro/wfrun/workflow/0.5", "Workflow Run Crate", "0.5"},
	{"https://w3id.org/ro/wfrun/provenance/0.5", "Provenance Run Crate", "0.5"},
	workflowCrate,
}

var workflowCrate = struct{ id, name, version string }{"https://w3id.org/workflowhub/workflow-ro-crate/1.0", "Workflow RO-Crate", "1.0"}

func (g *graph) descriptor() {
	g.add(File, "CreativeWork", entity{
		"about":      reference{"./"},
		"conformsTo": []reference{{"https://w3id.org/ro/crate/1.1"}, {workflowCrate.id}},
	})
}

// root adds the crate itself, last, when all of its parts are known.
func (g *graph) root() {
	var conforms, parts []reference
	for _, s := range standards {
		conforms = append(conforms, g.add(s.id, "CreativeWork", entity{"name": s.name, "version": s.version}))
	}
	for _, f := range g.Files {
		parts = append(parts, reference{pathID(f.Path)})
	}
	var license any = "The project states no licence: its authors reserve all rights in it."
	if g.License != "" {
		license = reference{pathID(g.License)}
	}
	g.add("./", "Dataset", entity{
		"name":          g.Name,
		"description":   g.Description,
		"datePublished": moment(g.Run.Made()),
		"license":       license,
		"conformsTo":    conforms,
		"mainEntity":    reference{pathID(g.Workflow)},
		"hasPart":       unique(parts),
		"mentions":      unique(g.mentions),
	})
}

// files adds all files but that of the workflow.
func (g *graph) files() {
	produced := g.tables()
	for _, f := range g.Files {
		if f.Path == g.Workflow {
			continue
		}
		properties := entity{"name": f.Name, "encodingFormat": f.Format}
		if f.Name == "" {
			properties["name"] = f.Path
		}
		if !f.Digest.IsZero() {
			properties["contentSize"], properties["sha256"] = strconv.FormatInt(f.Digest.Size, 10), f.Digest.Hex()
		}
		if report, ok := produced[f.Path]; ok {
			properties["exampleOfWork"] = reference{outputID(report)}
		}
		if f.LogOf != "" {
			properties["about"] = reference{executionID(f.LogOf)}
		}
		switch f.Path {
		case g.License:
			properties["name"], properties["description"] = "Licence", "The licence of the project, as its authors wrote it."
		case g.Readme:
			properties["about"] = reference{"./"}
		}
		g.add(pathID(f.Path), "File", properties)
	}
}

// tables returns the report of each file with a table.
func (g *graph) tables() map[string]string {
	produced := map[string]string{}
	for report, paths := range g.Tables {
		for _, path := range paths {
			produced[path] = report
		}
	}
	return produced
}

// data returns what stands for an artifact in the crate. A folder is a
// collection of files, with its manifest, which has their names, as the main
// one. What the bundle leaves out is a work known by its digest only.
func (g *graph) data(a cache.Artifact, name string) reference {
	path, ok := g.paths[a.Digest]
	if !ok {
		return g.add(localID("left-out", a.Digest.Hex()), "CreativeWork", entity{
			"name":        name,
			"description": "Left out of the bundle.",
			"identifier":  "sha256:" + a.Digest.Hex(),
		})
	}
	if !a.Tree {
		return reference{pathID(path)}
	}
	parts := []reference{{pathID(path)}}
	for _, e := range g.Trees[a.Digest] {
		parts = append(parts, g.data(cache.Artifact{Digest: e.Digest}, name+"/"+e.Path))
	}
	folder := g.add(localID("folder", a.Digest.Hex()), "Collection", entity{
		"name":       name,
		"mainEntity": reference{pathID(path)},
		"hasPart":    unique(parts),
	})
	g.mentions = append(g.mentions, folder)
	return folder
}
