package collect_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"repro/internal/testkit"
	"repro/stages/collect"
)

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// deadNetwork returns a client that reaches nobody.
func deadNetwork() *http.Client {
	return &http.Client{Transport: roundTripper(func(*http.Request) (*http.Response, error) {
		return nil, errors.New("the network is dead")
	})}
}

func TestMirrors(t *testing.T) {
	t.Parallel()
	content, other := noise(100_000, 1), noise(100_000, 2)
	for name, c := range map[string]struct {
		files map[string]string
		set   params
		want  string // in the error; empty if the mirror serves
	}{
		"listed":             {map[string]string{"deep/er/a.bin": string(content), "deep/SHA256SUMS": sha(content) + "  er/a.bin\n"}, nil, ""},
		"listed as binary":   {map[string]string{"a b.bin": string(content), "SHA256SUMS": "# sums\n\n" + sha(content) + " *a b.bin\r\n"}, nil, ""},
		"not listed":         {map[string]string{"a": string(other), "x/b": string(content)}, nil, ""},
		"size known":         {map[string]string{"a": "short", "x/b": string(content)}, params{"size": len(content)}, ""},
		"the list lies":      {map[string]string{"a": string(other), "b": string(content), "SHA256SUMS": sha(content) + "  a\n"}, nil, ""},
		"the list is old":    {map[string]string{"b": string(content), "SHA256SUMS": sha(content) + "  gone\n"}, nil, ""},
		"the list escapes":   {map[string]string{"m/x": "", "SHA256SUMS": sha(content) + "  ../../etc/passwd\n"}, nil, "the network is dead"},
		"nothing":            {map[string]string{"a": string(other)}, nil, "the network is dead"},
		"only one that lies": {map[string]string{"a": string(other), "SHA256SUMS": sha(content) + "  a\n"}, nil, "the network is dead"},
		"wrong size":         {map[string]string{"a": string(content)}, params{"size": 7}, "the network is dead"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for file, b := range c.files {
				write(t, filepath.Join(dir, file), []byte(b))
			}
			link := filepath.Join(t.TempDir(), "link")
			if err := os.Symlink(dir, link); err != nil {
				t.Fatal(err)
			}
			opts := fast()
			opts.Mirrors = []string{filepath.Join(dir, "missing"), link}
			opts.Client = deadNetwork()
			set := params{"url": "https://example.invalid/a", "sha256": sha(content)}
			for k, v := range c.set {
				set[k] = v
			}
			job := newJob(t, set)
			err := collect.New(opts).Run(t.Context(), job)
			if c.want != "" {
				wantError(t, err, c.want)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			wantFile(t, job, content)
		})
	}
}

func TestMirrorWithoutTheFileLeavesItToTheNetwork(t *testing.T) {
	t.Parallel()
	content := noise(1000, 1)
	address, _ := server(t, whole(content, ""))
	opts := fast()
	opts.Mirrors = []string{t.TempDir()}
	job := newJob(t, params{"url": address, "sha256": sha(content)})
	if err := collect.New(opts).Run(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	wantFile(t, job, content)
}

func TestMirrorNoticesWhatChanged(t *testing.T) {
	t.Parallel()
	before, after := noise(1000, 1), noise(2000, 2)
	opts := fast()
	opts.Mirrors = []string{t.TempDir()}
	opts.Client = deadNetwork()
	stage := collect.New(opts)
	for _, content := range [][]byte{before, after} {
		write(t, filepath.Join(opts.Mirrors[0], "a"), content)
		job := newJob(t, params{"url": "https://example.invalid/a", "sha256": sha(content)})
		if err := stage.Run(t.Context(), job); err != nil {
			t.Fatal(err)
		}
		wantFile(t, job, content)
	}
	job := newJob(t, params{"url": "https://example.invalid/a", "sha256": sha(before)})
	wantError(t, stage.Run(t.Context(), job), "the network is dead")
}

func TestManySearchesAtOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for i := range 16 {
		write(t, filepath.Join(dir, fmt.Sprint(i)), noise(50_000, byte(i)))
	}
	opts := fast()
	opts.Mirrors = []string{dir}
	opts.Client = deadNetwork()
	stage := collect.New(opts)
	var group sync.WaitGroup
	for i := range 16 {
		content := noise(50_000, byte(i))
		job := newJob(t, params{"url": "https://example.invalid/a", "sha256": sha(content)})
		group.Go(func() {
			if err := stage.Run(t.Context(), job); err != nil {
				t.Error(err)
				return
			}
			wantFile(t, job, content)
		})
	}
	group.Wait()
}

func TestCancelledSearch(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	opts := fast()
	opts.Mirrors = []string{t.TempDir()}
	write(t, filepath.Join(opts.Mirrors[0], "a"), noise(1000, 1))
	err := collect.New(opts).Run(ctx, newJob(t, params{"url": "https://example.invalid/a", "sha256": sha(nil)}))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

func TestRealDatasetsAsMirror(t *testing.T) {
	t.Parallel()
	dir := testkit.Datasets(t)
	want, err := os.ReadFile(filepath.Join(dir, "xquad-r", "en.json"))
	if err != nil {
		t.Fatal(err)
	}
	opts := fast()
	opts.Mirrors = []string{dir}
	opts.Client = deadNetwork()
	job := newJob(t, params{
		"url":    "https://github.com/google-research-datasets/lareqa/raw/master/xquad-r/en.json",
		"sha256": "7b0954f39297c27a31fef610f0883337dd2907fa8699151dc922afdd0fa12ffe",
	})
	if err := collect.New(opts).Run(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	wantFile(t, job, want)
}

// A file that was hashed is not read again as long as it looks the same: one
// that was changed behind our back is how to tell.
func TestMirrorHashesEachFileOnce(t *testing.T) {
	t.Parallel()
	before, after := noise(1000, 1), noise(1000, 2)
	opts := fast()
	opts.Mirrors = []string{t.TempDir()}
	opts.Client = deadNetwork()
	stage := collect.New(opts)
	file := write(t, filepath.Join(opts.Mirrors[0], "a"), before)
	past := time.Unix(1_000_000_000, 0)
	for _, content := range [][]byte{before, after} {
		write(t, file, content)
		if err := os.Chtimes(file, past, past); err != nil {
			t.Fatal(err)
		}
		job := newJob(t, params{"url": "https://example.invalid/a", "sha256": sha(noise(1000, 2))})
		wantError(t, stage.Run(t.Context(), job), "the network is dead")
	}
}
