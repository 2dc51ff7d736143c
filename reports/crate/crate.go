// Package crate describes a bundle as an RO-Crate, the research community's
// format for data with its provenance.
//
// In comes the record of a run with what its stages were given and the files of
// the bundle; out comes ro-crate-metadata.json: JSON-LD that conforms to RO-Crate
// 1.1 and to the profile Provenance Run Crate 0.5, which says of every stage
// which tool made which files of which. Nothing is computed here.
//
// Profile: https://w3id.org/ro/wfrun/provenance/0.5
package crate

import (
	"bytes"
	"encoding/json"
	"net/url"
	"time"

	"repro/cache"
	"repro/cache/runs"
)

// File is the name of the file in a bundle that Metadata returns the bytes of.
const File = "ro-crate-metadata.json"

// Input is what a crate is made of.
type Input struct {
	Run         *runs.Run
	Name        string // of the crate: that of the workflow
	Description string
	Stages      map[string]Stage            // by address, those that have a result
	Trees       map[cache.Digest]cache.Tree // the manifests of folders among the outputs
	Files       []Entry                     // all files of the bundle but the metadata
	Workflow    string                      // path of the workflow's file in the bundle
	License     string                      // path of the project's licence in the bundle, "" if it has none
	Readme      string                      // path of what people read first
	Agent       string                      // name of who ran it, "" if nobody knows
	Tables      map[string][]string         // paths of the tables, by report
	Sources     map[cache.Artifact]bool     // files and folders of the user's that the workflow reads
}

// Stage is what was done for one stage.
type Stage struct {
	Action *cache.Action
	Result *cache.Result
}

// Entry is one file of the bundle.
type Entry struct {
	Path   string
	Name   string // for people, "" if the path says it
	Format string // media type, "" if it is not known
	Digest cache.Digest
	LogOf  string // address of the stage that wrote it as its log, "" for all other files
}

// entity is a JSON-LD node. Its maps are written in the order of their keys, so
// that the same input gives the same bytes.
type entity map[string]any

type reference struct {
	ID string `json:"@id"`
}

// graph collects entities, each once.
type graph struct {
	Input
	entities []entity
	at       map[string]int
	paths    map[cache.Digest]string // of blobs
	mentions []reference
}

// Metadata returns the bytes of ro-crate-metadata.json.
func Metadata(in Input) ([]byte, error) {
	g := &graph{Input: in, at: map[string]int{}, paths: map[cache.Digest]string{}}
	for _, f := range in.Files {
		g.paths[f.Digest] = f.Path
	}
	g.descriptor()
	g.files()
	g.workflow()
	g.actions()
	g.root()
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	err := enc.Encode(map[string]any{
		"@context": []string{"https://w3id.org/ro/crate/1.1/context", "https://w3id.org/ro/terms/workflow-run/context"},
		"@graph":   g.entities,
	})
	return b.Bytes(), err
}

// add adds an entity, unless there is one with its identifier.
func (g *graph) add(id string, types any, properties entity) reference {
	if _, ok := g.at[id]; !ok {
		properties["@id"], properties["@type"] = id, types
		for name, value := range properties {
			if value == nil || value == "" {
				delete(properties, name)
			}
		}
		g.at[id] = len(g.entities)
		g.entities = append(g.entities, properties)
	}
	return reference{id}
}

// pathID returns the identifier of the file at path: a relative URI reference.
func pathID(path string) string { return (&url.URL{Path: path}).String() }

// localID returns the identifier of something that is not a file.
func localID(kind, name string) string {
	return "#" + (&url.URL{Path: kind + "/" + name}).EscapedPath()
}

// moment writes a time as validators of the profile want it.
func moment(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format("2006-01-02T15:04:05.000-07:00")
}

// unique returns the references without repetitions, in their order; nil if
// there are none.
func unique(list []reference) any {
	if len(list) == 0 {
		return nil
	}
	seen := make(map[reference]bool, len(list))
	out := make([]reference, 0, len(list))
	for _, r := range list {
		if !seen[r] {
			seen[r] = true
			out = append(out, r)
		}
	}
	return out
}
