package gotchfit

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// edit replaces text in files.
type edit struct {
	why     string
	files   string // pattern of package path
	find    string // regular expression
	replace string // may refer to groups as ${1}
	times   int    // how often it has to match, in all files together
}

func (t tree) apply(e edit) error {
	find := regexp.MustCompile(e.find)
	n := 0
	for _, name := range t.matching(e.files) {
		n += len(find.FindAllIndex(t[name], -1))
		t[name] = find.ReplaceAll(t[name], []byte(e.replace))
	}
	if n != e.times {
		return fmt.Errorf("edit %q matched %d times in %s, not %d times: it was not written for these sources", e.why, n, e.files, e.times)
	}
	return nil
}

// removal removes declarations from a file of Go.
type removal struct {
	why   string
	file  string
	names []string // functions, methods as Type.Name, types and variables
}

func (t tree) remove(r removal) error {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, r.file, t[r.file], parser.ParseComments)
	if err != nil {
		return err
	}
	var cuts []span
	found := map[string]bool{}
	for _, decl := range file.Decls {
		names := declared(decl)
		if len(names) == 0 || !slices.ContainsFunc(names, func(n string) bool { return slices.Contains(r.names, n) }) {
			continue
		}
		for _, n := range names {
			if !slices.Contains(r.names, n) {
				return fmt.Errorf("%s declares %s together with what goes", r.file, n)
			}
			found[n] = true
		}
		cuts = append(cuts, spanOf(fset, decl))
	}
	for _, n := range r.names {
		if !found[n] {
			return fmt.Errorf("%s does not declare %s: the edit %q was not written for these sources", r.file, n, r.why)
		}
	}
	t[r.file] = cut(t[r.file], cuts)
	return nil
}

// declared returns the names that a declaration declares.
func declared(decl ast.Decl) []string {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			return []string{d.Name.Name}
		}
		receiver := d.Recv.List[0].Type
		if star, ok := receiver.(*ast.StarExpr); ok {
			receiver = star.X
		}
		return []string{receiver.(*ast.Ident).Name + "." + d.Name.Name}
	case *ast.GenDecl:
		var names []string
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				names = append(names, s.Name.Name)
			case *ast.ValueSpec:
				for _, n := range s.Names {
					names = append(names, n.Name)
				}
			}
		}
		return names
	}
	return nil
}

// dropUnusedImports removes the imports that edits left without a use from each
// file of Go: also that of "C", as cgo is slow.
func (t tree) dropUnusedImports() error {
	for name, text := range t {
		if path.Ext(name) != ".go" {
			continue
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, name, text, parser.ParseComments)
		if err != nil {
			return err
		}
		used := map[string]bool{}
		ast.Inspect(file, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := s.X.(*ast.Ident); ok {
					used[x.Name] = true
				}
			}
			return true
		})
		var cuts []span
		for _, decl := range file.Decls {
			d, ok := decl.(*ast.GenDecl)
			if !ok || d.Tok != token.IMPORT {
				continue
			}
			unused := slices.DeleteFunc(slices.Clone(d.Specs), func(s ast.Spec) bool { return used[importName(s)] })
			if len(unused) == len(d.Specs) {
				cuts = append(cuts, spanOf(fset, d))
				continue
			}
			for _, s := range unused {
				cuts = append(cuts, spanOf(fset, s))
			}
		}
		t[name] = cut(text, cuts)
	}
	return nil
}

func importName(spec ast.Spec) string {
	s := spec.(*ast.ImportSpec)
	if s.Name != nil {
		return s.Name.Name
	}
	imported, err := strconv.Unquote(s.Path.Value)
	if err != nil {
		return ""
	}
	return imported[strings.LastIndex(imported, "/")+1:]
}

// span is a range of bytes.
type span struct{ from, to int }

// spanOf returns where a declaration or import stands, with its comment.
func spanOf(fset *token.FileSet, node ast.Node) span {
	from := node.Pos()
	switch d := node.(type) {
	case *ast.FuncDecl:
		if d.Doc != nil {
			from = d.Doc.Pos()
		}
	case *ast.GenDecl:
		if d.Doc != nil {
			from = d.Doc.Pos()
		}
	}
	return span{fset.Position(from).Offset, fset.Position(node.End()).Offset}
}

// cut returns text without spans, which are in order and apart.
func cut(text []byte, spans []span) []byte {
	var rest []byte
	at := 0
	for _, s := range spans {
		rest = append(rest, text[at:s.from]...)
		at = s.to
	}
	return append(rest, text[at:]...)
}
