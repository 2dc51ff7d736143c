package bundle_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"

	"repro/cache"
	"repro/cache/bundle"
	"repro/cache/cachetest"
	"repro/cache/mem"
)

// zipOf writes a zip file of the files, with a SHA256SUMS that fits them unless
// they have one.
func zipOf(t *testing.T, files map[string][]byte, headers ...*zip.FileHeader) []byte {
	t.Helper()
	var sums strings.Builder
	for _, path := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(&sums, "%s  %s\n", cache.Of(files[path]).Hex(), path)
	}
	files = maps.Clone(files)
	if files["SHA256SUMS"] == nil {
		files["SHA256SUMS"] = []byte(sums.String())
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, path := range slices.Sorted(maps.Keys(files)) {
		headers = append(headers, &zip.FileHeader{Name: path, Method: zip.Deflate})
	}
	for _, h := range headers {
		w, err := z.CreateHeader(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(files[h.Name]); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestBadBundles gives bundles that are damaged or made by somebody who means
// harm: each is refused in plain words, and leaves no result behind.
func TestBadBundles(t *testing.T) {
	t.Parallel()
	m := newMade(t)
	good := m.write(t)
	text := bundle.BlobPath(m.results[0].Result.Outputs["text"].Digest)
	changed := func(path string, change func(old []byte) []byte) func() []byte {
		return func() []byte {
			files := entries(t, good)
			delete(files, "SHA256SUMS")
			if files[path] = change(files[path]); files[path] == nil {
				delete(files, path)
			}
			return zipOf(t, files)
		}
	}
	replace := func(from, to string) func([]byte) []byte {
		return func(b []byte) []byte {
			if !bytes.Contains(b, []byte(from)) {
				t.Fatalf("no %q in %s", from, b)
			}
			return bytes.ReplaceAll(b, []byte(from), []byte(to))
		}
	}
	gone := func([]byte) []byte { return nil }
	for name, test := range map[string]struct {
		bytes func() []byte
		want  string
	}{
		"cut short":     {func() []byte { return good[:len(good)*2/3] }, "no bundle, or was cut short"},
		"empty":         {func() []byte { return nil }, "no bundle, or was cut short"},
		"another zip":   {func() []byte { return zipOf(t, map[string][]byte{"a": nil}) }, "no file bundle.json"},
		"no sums":       {func() []byte { return zipOf(t, map[string][]byte{"SHA256SUMS": []byte("x")}) }, "has the line"},
		"other version": {changed("bundle.json", replace(`"bundle":1`, `"bundle":2`)), "of version 2, and this repro reads version 1"},
		"not JSON":      {changed("run.json", replace("{", "[")), "run.json"},
		"no record":     {changed("run.json", gone), "no file run.json"},
		"half a line":   {changed("results.jsonl", func(b []byte) []byte { return b[:len(b)-9] }), "results.jsonl, line 2"},
		"not a result":  {changed("results.jsonl", replace(`"class":"unknown"`, `"class":"?"`)), "not a result"},
		"no action":     {changed(bundle.BlobPath(m.results[0].Key), gone), "exec.text: the bundle lacks the blob"},
		"other action":  {changed(bundle.BlobPath(m.results[0].Key), replace("exec", "exit")), "exec.text: the bundle lacks the blob"},
		"other ports":   {changed("results.jsonl", replace(`"text":{`, `"test":{`)), "lacks the output text"},
		"a port more":   {changed("results.jsonl", replace(`"text":{`, `"more":{"digest":"`+m.results[0].Key.String()+`"},"text":{`)), "outputs that its action does not declare"},
		"file as tree":  {changed("results.jsonl", replace(`,"tree":true`, "")), "lacks the output folder"},
		"blob gone":     {changed(text, gone), "lacks the blob"},
		"blob changed":  {func() []byte { return withSums(t, good, text, "A text") }, text + " is damaged"},
		"notes changed": {func() []byte { return withSums(t, good, "workflow/input.txt", "an innut") }, "workflow/input.txt is damaged"},
		"not listed": {func() []byte {
			files := entries(t, good)
			files["more"] = []byte("more")
			return zipOf(t, files)
		}, "a file more that SHA256SUMS does not list"},
		"listed only": {func() []byte {
			files := entries(t, good)
			delete(files, "workflow/input.txt")
			return zipOf(t, files)
		}, "lacks the file workflow/input.txt"},
		"leaves the folder": {func() []byte { return zipOf(t, map[string][]byte{"../../etc/cron.d/x": []byte("x")}) }, "outside of its folder"},
		"absolute path":     {func() []byte { return zipOf(t, map[string][]byte{"/etc/cron.d/x": []byte("x")}) }, "outside of its folder"},
		"a link": {func() []byte {
			h := &zip.FileHeader{Name: "link"}
			h.SetMode(fs.ModeSymlink | 0o777)
			return zipOf(t, entries(t, good), h)
		}, "link is not a regular file"},
		"twice": {func() []byte { return zipOf(t, entries(t, good), &zip.FileHeader{Name: "run.json"}) }, "two files run.json"},
		"more than it says": {func() []byte {
			return rezip(t, good, text, func(h *zip.FileHeader) { h.UncompressedSize64 = 3 })
		}, "the bundle lacks the blob"},
		"bad bits": {func() []byte {
			return rezip(t, good, text, func(h *zip.FileHeader) { h.CRC32++ })
		}, text + " is damaged"},
		"a record of a terabyte": {func() []byte {
			return rezip(t, good, "run.json", func(h *zip.FileHeader) { h.UncompressedSize64 = 1 << 40 })
		}, "larger than any of its"},
		"a record too large to read": {func() []byte {
			files := entries(t, good)
			delete(files, "SHA256SUMS")
			files["noise"] = cachetest.Bytes(300_000, 1)
			return rezip(t, zipOf(t, files), "run.json", func(h *zip.FileHeader) { h.UncompressedSize64 = 257 << 20 })
		}, "are the most"},
		"files that are together too large": {func() []byte {
			b := zipOf(t, map[string][]byte{"a": nil, "b": nil, "c": nil})
			for _, path := range []string{"a", "b", "c"} {
				b = rezip(t, b, path, func(h *zip.FileHeader) { h.UncompressedSize64 = uint64(len(b)) * 400 })
			}
			return b
		}, "larger than any of its"},
		"sums that inflate": {func() []byte {
			return rezip(t, good, "SHA256SUMS", func(h *zip.FileHeader) { h.UncompressedSize64 = 90 })
		}, "SHA256SUMS is damaged"},
		"sums twice": {func() []byte {
			files := entries(t, good)
			files["SHA256SUMS"] = append(files["SHA256SUMS"], []byte(cache.Of([]byte("other")).Hex()+"  "+text+"\n")...)
			return zipOf(t, files)
		}, "SHA256SUMS lists " + text + " twice"},
		"an ID elsewhere":  {changed("run.json", replace(m.run.ID, "../"+m.run.ID)), "is not the ID of a run"},
		"an ID of nothing": {changed("run.json", replace(m.run.ID, "latest")), "is not the ID of a run"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			there := mem.New()
			_, err := take(t, test.bytes(), there)
			if !errors.Is(err, bundle.ErrInvalid) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v\nwant an ErrInvalid with %q", err, test.want)
			}
			for _, r := range m.results {
				if _, err := there.Lookup(t.Context(), r.Key); !errors.Is(err, cache.ErrMiss) {
					t.Errorf("%s was recorded: %v", r.Addr, err)
				}
			}
		})
	}
}

// withSums changes a file and leaves the sums as they were.
func withSums(t *testing.T, b []byte, path, text string) []byte {
	t.Helper()
	files := entries(t, b)
	if len(files[path]) != len(text) {
		t.Fatalf("%s has %d bytes", path, len(files[path]))
	}
	files[path] = []byte(text)
	return zipOf(t, files)
}

// rezip copies a zip file and lets change lie about one of its files.
func rezip(t *testing.T, b []byte, path string, change func(*zip.FileHeader)) []byte {
	t.Helper()
	from, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, f := range from.File {
		raw, err := f.OpenRaw()
		if err != nil {
			t.Fatal(err)
		}
		h := f.FileHeader
		if h.Name == path {
			change(&h)
		}
		w, err := z.CreateRaw(&h)
		if err != nil {
			t.Fatal(err)
		}
		var content bytes.Buffer
		if _, err := content.ReadFrom(raw); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(content.Bytes()); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
