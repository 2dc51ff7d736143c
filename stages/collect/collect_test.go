package collect_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"repro/stages"
	"repro/stages/collect"
	"repro/stages/stagetest"
)

// params are the parameters of a test that differ from their defaults.
type params = map[string]any

// newJob returns a job for the given parameters and local sources.
func newJob(t testing.TB, set params, sources ...string) *stages.Job {
	t.Helper()
	all := params{}
	for _, p := range collect.New(collect.Options{}).Spec().Params {
		all[p.Name] = json.RawMessage(p.Default)
	}
	for name, value := range set {
		all[name] = value
	}
	raw, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	job := &stages.Job{
		Params:  raw,
		Dir:     dir,
		Threads: 1,
		Log:     t.Output(),
		Out:     map[string]string{"file": filepath.Join(dir, "file.out"), "dir": filepath.Join(dir, "dir.out")},
	}
	for _, source := range sources {
		job.In = append(job.In, stages.Input{Port: "source", Path: source})
	}
	return job
}

// fast are options under which retries take no time.
func fast() collect.Options {
	return collect.Options{RetryWait: time.Microsecond, Retries: 3}
}

func sha(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// noise returns n bytes that look like nothing, the same for a seed.
func noise(n int, seed byte) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{seed}).Read(b) //nolint:errcheck // never fails
	return b
}

func write(t testing.TB, name string, b []byte) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, b, 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

func wantFile(t *testing.T, job *stages.Job, want []byte) {
	t.Helper()
	got, err := os.ReadFile(job.Out["file"])
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("got %d bytes with sha256 %s, want %d with %s", len(got), sha(got), len(want), sha(want))
	}
}

func wantError(t *testing.T, err error, wants ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range wants {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q does not say %q", err, want)
		}
	}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	content := noise(1_000_000, 1)
	address, _ := server(t, whole(content, ""))
	download, err := json.Marshal(params{"url": address, "sha256": sha(content)})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]stagetest.Case{
		"download":   {Params: string(download)},
		"copy":       {Inputs: []stagetest.Input{{Port: "source", Content: "x"}}},
		"unpack":     {Params: `{"unpack": true}`, Inputs: []stagetest.Input{{Port: "source", Content: string(makeZip(t, file{name: "a/b", text: "x"}))}, {Port: "source", Files: map[string]string{"c": "y"}}}},
		"decompress": {Params: `{"decompress": true}`, Inputs: []stagetest.Input{{Port: "source", Content: string(gz(t, content))}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stagetest.Run(t, collect.New(fast()), c)
		})
	}
}

func TestCheckRefusesBadParameters(t *testing.T) {
	t.Parallel()
	sum := strings.Repeat("0a", 32)
	for name, c := range map[string]struct {
		set   params
		param string
		hint  string
	}{
		"no checksum":            {params{"url": "https://a/b"}, "sha256", "curl -sSL 'https://a/b' | sha256sum"},
		"no checksum of file":    {params{"url": "file:///a"}, "sha256", "sha256sum"},
		"short checksum":         {params{"url": "https://a/b", "sha256": "abc"}, "sha256", "sha256sum"},
		"checksum of letters":    {params{"url": "https://a/b", "sha256": strings.Repeat("xy", 32)}, "sha256", "sha256sum"},
		"checksum without url":   {params{"sha256": sum}, "sha256", "source"},
		"size without url":       {params{"size": 3}, "size", ""},
		"negative size":          {params{"url": "https://a/b", "sha256": sum, "size": -1}, "size", ""},
		"other scheme":           {params{"url": "ftp://a/b", "sha256": sum}, "url", "https://"},
		"no scheme":              {params{"url": "a/b", "sha256": sum}, "url", "https://"},
		"no host":                {params{"url": "https:///b", "sha256": sum}, "url", "https://"},
		"file on a host":         {params{"url": "file://a/b", "sha256": sum}, "url", "file:///"},
		"no url at all":          {params{"url": "https://a b\x00", "sha256": sum}, "url", ""},
		"strip, no unpack":       {params{"strip": 1}, "strip", ""},
		"negative strip":         {params{"unpack": true, "strip": -1}, "strip", ""},
		"include, no unpack":     {params{"include": []string{"*"}}, "include", ""},
		"bad glob":               {params{"unpack": true, "include": []string{"*", "["}}, "include", "glob"},
		"negative bytes":         {params{"unpack": true, "max_bytes": -1}, "max_bytes", ""},
		"negative files":         {params{"unpack": true, "max_files": -1}, "max_files", ""},
		"decompress with unpack": {params{"decompress": true, "unpack": true}, "decompress", "decompresses"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := collect.New(collect.Options{}).(stages.Checker).Check(newJob(t, c.set).Params)
			var bad *stages.ParamError
			if !errors.As(err, &bad) || bad.Param != c.param || !strings.Contains(bad.Hint, c.hint) {
				t.Errorf("got %v, want a ParamError of %s with the hint %q", err, c.param, c.hint)
			}
		})
	}
}

func TestOutputsFollowUnpack(t *testing.T) {
	t.Parallel()
	for unpack, want := range map[bool]string{false: "file", true: "dir"} {
		ports, err := collect.New(collect.Options{}).(stages.Outputter).Outputs(newJob(t, params{"unpack": unpack}).Params)
		if err != nil {
			t.Fatal(err)
		}
		if len(ports) != 1 || ports[0].Name != want || ports[0].Dir != unpack {
			t.Errorf("unpack %v: got %+v, want the port %s", unpack, ports, want)
		}
	}
}

func TestExactlyOneOfURLAndSource(t *testing.T) {
	t.Parallel()
	source := write(t, filepath.Join(t.TempDir(), "a"), []byte("x"))
	stage := collect.New(collect.Options{})
	wantError(t, stage.Run(t.Context(), newJob(t, nil)), "neither url nor source")
	both := newJob(t, params{"url": "https://example.invalid/", "sha256": sha(nil)}, source)
	wantError(t, stage.Run(t.Context(), both), "together with source")
}

func TestLocalFileIsCopied(t *testing.T) {
	t.Parallel()
	content := noise(300_000, 1)
	source := write(t, filepath.Join(t.TempDir(), "a"), content)
	job := newJob(t, nil, source)
	if err := collect.New(collect.Options{}).Run(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	wantFile(t, job, content)
}

func TestOneOutputTakesOneFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	source := write(t, filepath.Join(dir, "a"), []byte("x"))
	stage := collect.New(collect.Options{})
	wantError(t, stage.Run(t.Context(), newJob(t, nil, source, source)), "2 files", "unpack = true")
	wantError(t, stage.Run(t.Context(), newJob(t, nil, dir)), "is a folder", "unpack = true")
}

func TestFileURLIsVerified(t *testing.T) {
	t.Parallel()
	content := []byte("hello")
	source := write(t, filepath.Join(t.TempDir(), "a b"), content)
	address := "file://" + strings.ReplaceAll(source, " ", "%20")
	stage := collect.New(collect.Options{})

	job := newJob(t, params{"url": address, "sha256": strings.ToUpper(sha(content))})
	if err := stage.Run(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	wantFile(t, job, content)

	job = newJob(t, params{"url": address, "sha256": sha(nil)})
	err := stage.Run(t.Context(), job)
	wantError(t, err, address, "expected sha256 "+sha(nil), fmt.Sprintf("set sha256 = %q and size = 5", sha(content)))
	if !errors.Is(err, stages.ErrInput) {
		t.Errorf("%v does not wrap ErrInput", err)
	}
	if _, err := os.Stat(job.Out["file"]); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the output is there: %v", err)
	}

	wantError(t, stage.Run(t.Context(), newJob(t, params{"url": "file:///no/such/file", "sha256": sha(nil)})), "/no/such/file")
}

func TestCancelledBeforeItBegan(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	source := write(t, filepath.Join(t.TempDir(), "a"), noise(1<<20, 1))
	for _, set := range []params{{}, {"unpack": true}} {
		err := collect.New(collect.Options{}).Run(ctx, newJob(t, set, source))
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%v: got %v, want context.Canceled", set, err)
		}
	}
}
