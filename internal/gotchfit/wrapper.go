package gotchfit

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// generatedFile has the wrapper's generated functions, one for each operation.
const generatedFile = "torch_api_generated.cpp.h"

// exports are the C functions that libtch.so shows: gotch's, and ours with tx_.
// All else would clash with libtorch's own symbols.
const exports = "{\n  global: at_*; atg_*; ato_*; ats_*; atc_*; atm_*; ati_*; get_and_reset_last_err; tx_*;\n  local: *;\n};\n"

// wrapperEdits mend the C++ side: an exception's message comes without the
// stack, which is longer than a screen, and nothing but an exception's message
// crosses to C.
var wrapperEdits = []edit{{
	why:  "exceptions of other types ended the process; messages were lost without being freed",
	find: `(?s)#define PROTECT\(x\).*?\n  }\n`, replace: `static inline void keep_last_err(const char *message) {
  free(torch_last_err);
  torch_last_err = strdup(message);
}
#define PROTECT(x)                                                             \
  try {                                                                        \
    x                                                                          \
  } catch (const c10::Error &e) {                                              \
    keep_last_err(e.what_without_backtrace());                                 \
  } catch (const std::exception &e) {                                          \
    keep_last_err(e.what());                                                   \
  } catch (...) {                                                              \
    keep_last_err("an exception of an unknown type");                          \
  }
`,
	files: "torch_api.h", times: 1,
}}

// wrapper returns the C++ files that libtch.so is compiled from: those of gotch,
// and additions, by name.
func wrapper(gotch, additions tree) (tree, error) {
	t := tree{}
	for name, content := range gotch {
		t[strings.TrimPrefix(name, "libtch/")] = content
	}
	for _, e := range wrapperEdits {
		if err := t.apply(e); err != nil {
			return nil, err
		}
	}
	// One translation unit: reading libtorch's headers takes most of the time.
	t["libtch.cpp"] = []byte("#include \"torch_api.cpp\"\n")
	t["exports.map"] = []byte(exports)
	for name, content := range additions {
		if _, taken := t[name]; taken {
			return nil, fmt.Errorf("gotch has a file %s too: name the addition otherwise", name)
		}
		t[name] = content
		if strings.HasSuffix(name, ".cpp") {
			t["libtch.cpp"] = append(t["libtch.cpp"], fmt.Sprintf("#include %q\n", name)...)
		}
	}
	return t, nil
}

var (
	// Where a compiler's complaint about a generated function is: in its text,
	// or in a template of libtorch that it uses (gcc, clang).
	complaint = regexp.MustCompile(regexp.QuoteMeta(generatedFile) +
		`:(\d+):\d+:\s+(?:fatal error|error|required from here|note: in instantiation)`)
	anyError = regexp.MustCompile(`(?m)^.*(?:error|undefined reference).*$`)
	opening  = regexp.MustCompile(`^\S.*\b(atg_\w+)\(.*\{$`)
)

// prune gives the generated functions that the compiler complained of a body
// that throws, and returns their names. That is none if the complaints were
// about something else.
func (t tree) prune(complaints, version string) []string {
	bad := map[int]bool{} // line numbers from 1
	for _, m := range complaint.FindAllStringSubmatch(complaints, -1) {
		n, err := strconv.Atoi(m[1])
		if err == nil {
			bad[n] = true
		}
	}
	var pruned, out []string
	lines := strings.Split(string(t[generatedFile]), "\n")
	for i := 0; i < len(lines); i++ {
		head := opening.FindStringSubmatch(lines[i])
		if head == nil {
			out = append(out, lines[i])
			continue
		}
		end := i + slices.Index(lines[i:], "}")
		isBad := false
		for n := i + 1; n <= end+1; n++ {
			isBad = isBad || bad[n]
		}
		if !isBad {
			out = append(out, lines[i:end+1]...)
		} else {
			pruned = append(pruned, head[1])
			result := ""
			if !strings.HasPrefix(lines[i], "void ") {
				result = " return 0;"
			}
			out = append(out, lines[i],
				fmt.Sprintf("  PROTECT(throw std::runtime_error(\"libtorch %s has no %s as gotch calls it\");)%s", version, head[1], result), "}")
		}
		i = end
	}
	t[generatedFile] = []byte(strings.Join(out, "\n"))
	return pruned
}

// firstErrors returns a compiler's first complaints, for people.
func firstErrors(output string) string {
	found := anyError.FindAllString(output, 10)
	if len(found) == 0 {
		return strings.TrimSpace(output)
	}
	return strings.Join(found, "\n")
}
