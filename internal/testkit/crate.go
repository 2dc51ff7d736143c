package testkit

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"repro/cache"
)

// crateRules are what RO-Crate 1.1 and the profiles Process, Workflow and
// Provenance Run Crate 0.5 demand (MUST): entities of the type have the
// property, with values of one of the types; "" stands for text.
// https://w3id.org/ro/wfrun/provenance/0.5
var crateRules = []struct {
	of, property string
	values       []string
}{
	{"Dataset", "name", []string{""}},
	{"Dataset", "description", []string{""}},
	{"Dataset", "datePublished", []string{""}},
	{"Dataset", "license", []string{"", "File"}},
	{"Dataset", "conformsTo", []string{"CreativeWork"}},
	{"Dataset", "hasPart", []string{"File"}},
	{"Dataset", "mainEntity", []string{"ComputationalWorkflow"}},
	{"ComputationalWorkflow", "programmingLanguage", []string{"ComputerLanguage"}},
	{"ComputationalWorkflow", "hasPart", []string{"SoftwareApplication"}},
	{"ComputationalWorkflow", "step", []string{"HowToStep"}},
	{"HowToStep", "workExample", []string{"SoftwareApplication"}},
	{"FormalParameter", "additionalType", []string{""}},
	{"CreateAction", "instrument", []string{"SoftwareApplication", "ComputationalWorkflow"}},
	{"ControlAction", "instrument", []string{"HowToStep"}},
	{"ControlAction", "object", []string{"CreateAction"}},
	{"OrganizeAction", "instrument", []string{"SoftwareApplication"}},
	{"OrganizeAction", "object", []string{"ControlAction"}},
	{"OrganizeAction", "result", []string{"CreateAction"}},
	{"Collection", "hasPart", []string{"File", "CreativeWork"}},
	{"Collection", "mainEntity", []string{"File"}},
	{"File", "name", []string{""}},
	{"SoftwareApplication", "name", []string{""}},
	{"CreateAction", "name", []string{""}},
}

type crateEntity map[string]any

func (e crateEntity) id() string      { return fmt.Sprint(e["@id"]) }
func (e crateEntity) types() []string { return texts(e["@type"]) }

func texts(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		var list []string
		for _, element := range v {
			list = append(list, texts(element)...)
		}
		return list
	}
	return nil
}

// crate is a parsed ro-crate-metadata.json.
type crate struct {
	testing.TB
	entities map[string]crateEntity
}

// Crate demands that metadata, the bytes of ro-crate-metadata.json, describes
// the files, and keeps all that RO-Crate 1.1 and the profile Provenance Run Crate
// 0.5 demand.
func Crate(t testing.TB, metadata []byte, files map[string]cache.Digest) {
	t.Helper()
	c := parseCrate(t, metadata)
	for _, e := range c.entities {
		for name, value := range e {
			if name != "@id" && name != "@type" {
				c.values(e.id()+" "+name, value)
			}
		}
		for _, rule := range crateRules {
			if slices.Contains(e.types(), rule.of) {
				c.demand(e, rule.property, rule.values)
			}
		}
	}
	c.descriptor()
	c.workflow()
	c.files(files)
}

func parseCrate(t testing.TB, metadata []byte) *crate {
	t.Helper()
	var document struct {
		Context []string      `json:"@context"`
		Graph   []crateEntity `json:"@graph"`
	}
	if err := json.Unmarshal(metadata, &document); err != nil {
		t.Fatal(err)
	}
	if want := []string{"https://w3id.org/ro/crate/1.1/context", "https://w3id.org/ro/terms/workflow-run/context"}; !slices.Equal(document.Context, want) {
		t.Errorf("@context is %v", document.Context)
	}
	c := &crate{TB: t, entities: map[string]crateEntity{}}
	for _, e := range document.Graph {
		if _, err := url.Parse(e.id()); err != nil || strings.ContainsAny(e.id(), ` []"<>\`) {
			t.Errorf("@id %q is not a URI reference: %v", e.id(), err)
		}
		if c.entities[e.id()] != nil || len(e.types()) == 0 {
			t.Errorf("%s is there twice, or has no type", e.id())
		}
		c.entities[e.id()] = e
	}
	return c
}

// values demands that a value is text, or references to entities that are
// there: a flat graph has no entities within entities.
func (c *crate) values(at string, value any) {
	switch v := value.(type) {
	case string:
	case []any:
		for _, element := range v {
			c.values(at, element)
		}
	case map[string]any:
		id, ok := v["@id"].(string)
		if !ok || len(v) != 1 {
			c.Errorf("%s: %v is neither text nor a reference", at, v)
		}
		if c.entities[id] == nil && at != "ro-crate-metadata.json conformsTo" {
			c.Errorf("%s: there is no %s", at, id)
		}
	default:
		c.Errorf("%s: %v is neither text nor a reference", at, v)
	}
}

func (c *crate) demand(e crateEntity, property string, types []string) {
	list, ok := e[property].([]any)
	if !ok {
		list = []any{e[property]}
	}
	for _, value := range list {
		have := []string{""}
		switch v := value.(type) {
		case nil:
			have = []string{"nothing"}
		case map[string]any:
			have = c.entities[fmt.Sprint(v["@id"])].types()
		}
		if !slices.ContainsFunc(have, func(t string) bool { return slices.Contains(types, t) }) {
			c.Errorf("%s of %s is %v, of the type %v; want %q", property, e.id(), value, have, types)
		}
	}
}

// references returns the identifiers that a property refers to.
func (c *crate) references(id, property string) []string {
	var list []string
	value, ok := c.entities[id][property].([]any)
	if !ok {
		value = []any{c.entities[id][property]}
	}
	for _, v := range value {
		if r, ok := v.(map[string]any); ok {
			list = append(list, fmt.Sprint(r["@id"]))
		}
	}
	return list
}

func (c *crate) descriptor() {
	const file = "ro-crate-metadata.json"
	if !slices.Equal(c.references(file, "about"), []string{"./"}) || !slices.Contains(c.references(file, "conformsTo"), "https://w3id.org/ro/crate/1.1") {
		c.Errorf("bad descriptor: %v", c.entities[file])
	}
	for _, profile := range []string{"process", "workflow", "provenance"} {
		if id := "https://w3id.org/ro/wfrun/" + profile + "/0.5"; !slices.Contains(c.references("./", "conformsTo"), id) {
			c.Errorf("the crate does not conform to %s", id)
		}
	}
}

// workflow demands that the main entity ran, and so did each of its tools.
func (c *crate) workflow() {
	instruments := map[string]bool{}
	for id, e := range c.entities {
		if !slices.Contains(e.types(), "CreateAction") {
			continue
		}
		for _, instrument := range c.references(id, "instrument") {
			instruments[instrument] = true
		}
		if !slices.Contains(c.references("./", "mentions"), id) {
			c.Errorf("the crate does not mention %s", id)
		}
	}
	for _, main := range c.references("./", "mainEntity") {
		for _, want := range []string{"File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"} {
			if !slices.Contains(c.entities[main].types(), want) {
				c.Errorf("%s is no %s", main, want)
			}
		}
		for _, tool := range append(c.references(main, "hasPart"), main) {
			if !instruments[tool] {
				c.Errorf("%s is the instrument of no action", tool)
			}
		}
		for id, e := range c.entities {
			if slices.Contains(e.types(), "HowToStep") && !slices.Contains(c.references(main, "step"), id) {
				c.Errorf("%s is no step of %s", id, main)
			}
		}
	}
}

// files demands that the entities of files are the files, each a part of the
// crate.
func (c *crate) files(files map[string]cache.Digest) {
	parts := c.references("./", "hasPart")
	described := map[string]bool{"ro-crate-metadata.json": true}
	for id, e := range c.entities {
		if !slices.Contains(e.types(), "File") {
			continue
		}
		path, err := url.PathUnescape(id)
		d, ok := files[path]
		if err != nil || !ok {
			c.Errorf("there is no file %s", id)
		}
		described[path] = true
		if hash, ok := e["sha256"]; ok && (hash != d.Hex() || e["contentSize"] != strconv.FormatInt(d.Size, 10)) {
			c.Errorf("%s: %v and %v bytes, want %s", id, hash, e["contentSize"], d)
		}
		if !slices.Contains(parts, id) {
			c.Errorf("%s is no part of the crate", id)
		}
	}
	for path := range files {
		if !described[path] {
			c.Errorf("the crate does not describe %s", path)
		}
	}
}
