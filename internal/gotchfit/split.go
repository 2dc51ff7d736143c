package gotchfit

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// chunkSize is how many functions a file of libtch has after split.
const chunkSize = 100

var (
	prototype = regexp.MustCompile(`(?m)^[^\n/;]*?\b(atg_\w+)\([^;]*\);`)
	callOfC   = regexp.MustCompile(`\bC\.(atg_\w+)\(`)
	function  = regexp.MustCompile(`(?m)^func `)
)

// split replaces a file of generated bindings by many, each of which declares
// only the C functions that it calls. To learn what a name is, cgo compiles
// wrong uses of it, and for each of those gcc looks for similar names among all
// declarations: with 2,500 names in one file that takes 36 s, in many files with
// declarations of their own 10 s.
func (t tree) split(name string) error {
	prototypes := map[string]string{}
	for _, m := range prototype.FindAllStringSubmatch(string(t["libtch/torch_api_generated.h"]), -1) {
		prototypes[m[1]] = strings.Join(strings.Fields(m[0]), " ")
	}
	text := string(t[name])
	starts := function.FindAllStringIndex(text, -1)
	for i := 0; i < len(starts); i += chunkSize {
		end := len(text)
		if i+chunkSize < len(starts) {
			end = starts[i+chunkSize][0]
		}
		body := text[starts[i][0]:end]
		var file strings.Builder
		file.WriteString("package libtch\n\n//#include <stdbool.h>\n//#include <stdint.h>\n//#include <stdlib.h>\n")
		file.WriteString("//typedef void *tensor;\n//typedef void *scalar;\n")
		var called []string
		for _, m := range callOfC.FindAllStringSubmatch(body, -1) {
			called = append(called, m[1])
		}
		slices.Sort(called)
		for _, c := range slices.Compact(called) {
			if prototypes[c] == "" {
				return fmt.Errorf("%s calls %s, which no header declares", name, c)
			}
			fmt.Fprintf(&file, "//%s\n", prototypes[c])
		}
		fmt.Fprintf(&file, "import \"C\"\n\nimport \"unsafe\"\n\n%s", body)
		t[fmt.Sprintf("libtch/generated%02d.go", i/chunkSize)] = []byte(file.String())
	}
	delete(t, name)
	return nil
}
