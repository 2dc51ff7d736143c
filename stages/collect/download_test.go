package collect_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"repro/stages"
	"repro/stages/collect"
)

// server answers the nth request (from 0) with the nth handler, and all further
// ones with the last. It returns its address and the requests that it got.
func server(t *testing.T, handlers ...http.HandlerFunc) (string, func() []*http.Request) {
	t.Helper()
	var (
		mu       sync.Mutex
		requests []*http.Request
	)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		handler := handlers[min(len(requests), len(handlers)-1)]
		requests = append(requests, r)
		mu.Unlock()
		handler(w, r)
	}))
	t.Cleanup(s.Close)
	return s.URL + "/data.bin", func() []*http.Request {
		mu.Lock()
		defer mu.Unlock()
		return requests
	}
}

// whole serves content as a good server does, ranges and all.
func whole(content []byte, etag string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if etag != "" {
			w.Header().Set("ETag", etag)
		}
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
	}
}

// broken promises content but hangs up after n bytes.
func broken(content []byte, etag string, n int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if etag != "" {
			w.Header().Set("ETag", etag)
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(content)))
		w.Write(content[:n]) //nolint:errcheck // the client has to cope
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

func TestDownloads(t *testing.T) {
	t.Parallel()
	content, other := noise(1_000_000, 1), noise(1_000_000, 2)
	ignoresRange := func(w http.ResponseWriter, _ *http.Request) {
		w.Write(content) //nolint:errcheck // the client has to cope
	}
	for name, c := range map[string]struct {
		handlers []http.HandlerFunc
		requests int
		ranges   string // of the last request
		ifRange  string
	}{
		"at once":               {[]http.HandlerFunc{whole(content, "")}, 1, "", ""},
		"of unknown length":     {[]http.HandlerFunc{func(w http.ResponseWriter, r *http.Request) { w.(http.Flusher).Flush(); ignoresRange(w, r) }}, 1, "", ""},
		"after 500":             {[]http.HandlerFunc{status(500), status(502), whole(content, "")}, 3, "", ""},
		"after 429":             {[]http.HandlerFunc{status(429), whole(content, "")}, 2, "", ""},
		"after a hang-up":       {[]http.HandlerFunc{func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, whole(content, "")}, 2, "", ""},
		"from where it broke":   {[]http.HandlerFunc{broken(content, `"1"`, 400_000), whole(content, `"1"`)}, 2, "bytes=400000-", `"1"`},
		"with 500 between":      {[]http.HandlerFunc{broken(content, `"1"`, 400_000), status(503), whole(content, `"1"`)}, 3, "bytes=400000-", `"1"`},
		"a new version":         {[]http.HandlerFunc{broken(other, `"1"`, 400_000), whole(content, `"2"`)}, 2, "bytes=400000-", `"1"`},
		"a new version, unsaid": {[]http.HandlerFunc{broken(other, "", 400_000), whole(content, "")}, 3, "", ""},
		"weak tag":              {[]http.HandlerFunc{broken(content, `W/"1"`, 400_000), whole(content, `W/"1"`)}, 2, "bytes=400000-", ""},
		"ranges ignored":        {[]http.HandlerFunc{broken(content, "", 400_000), ignoresRange}, 2, "bytes=400000-", ""},
		"range not satisfiable": {[]http.HandlerFunc{broken(content, "", 400_000), status(416), whole(content, "")}, 3, "", ""},
		"wrong range": {[]http.HandlerFunc{broken(content, "", 400_000), func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Range", "bytes 0-9/1000000")
			w.WriteHeader(206)
			w.Write(content[:10]) //nolint:errcheck // the client has to cope
		}, whole(content, "")}, 3, "", ""},
		"redirected": {[]http.HandlerFunc{func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/elsewhere", http.StatusFound) }, whole(content, "")}, 2, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address, requests := server(t, c.handlers...)
			job := newJob(t, params{"url": address, "sha256": sha(content), "size": len(content)})
			var progress atomic.Int64
			job.OnProgress = func(done, total int64, unit string) {
				progress.Store(done)
				if total != int64(len(content)) || unit != "B" {
					t.Errorf("progress of %d %s", total, unit)
				}
			}
			if err := collect.New(fast()).Run(t.Context(), job); err != nil {
				t.Fatal(err)
			}
			wantFile(t, job, content)
			if progress.Load() != int64(len(content)) {
				t.Errorf("the last progress was %d", progress.Load())
			}
			got := requests()
			if len(got) != c.requests {
				t.Fatalf("got %d requests, want %d", len(got), c.requests)
			}
			last := got[len(got)-1].Header
			if last.Get("Range") != c.ranges || last.Get("If-Range") != c.ifRange {
				t.Errorf("the last request has Range %q and If-Range %q", last.Get("Range"), last.Get("If-Range"))
			}
		})
	}
}

func TestDownloadsThatFail(t *testing.T) {
	t.Parallel()
	content := noise(100_000, 1)
	endless := func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			w.Write(content) //nolint:errcheck // the client has to cope
		}
	}
	for name, c := range map[string]struct {
		set      params
		opts     collect.Options
		handler  http.HandlerFunc
		requests int
		want     string
	}{
		"404":                   {nil, fast(), status(404), 1, "404 Not Found"},
		"403":                   {nil, fast(), status(403), 1, "403 Forbidden"},
		"503":                   {nil, fast(), status(503), 4, `"503 Service Unavailable" 4 times`},
		"always cut short":      {nil, fast(), broken(content, "", 400), 5, "gave up after 4 attempts in a row without a new byte"},
		"wrong checksum":        {params{"sha256": sha(content[1:])}, fast(), whole(content, ""), 1, "expected sha256 " + sha(content[1:])},
		"wrong size":            {params{"size": 5}, fast(), whole(content, ""), 1, "the server has a file of 100000 bytes, size is 5"},
		"endless, size known":   {params{"size": 250_000}, fast(), endless, 1, "size is 250000"},
		"endless":               {nil, collect.Options{MaxBytes: 1 << 20}, endless, 1, "more than 1048576 bytes: if that is right, declare its size"},
		"large and said so":     {nil, collect.Options{MaxBytes: 99_999}, whole(content, ""), 1, "more than 99999 bytes"},
		"redirected in circles": {nil, fast(), func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/data.bin", http.StatusFound) }, 10, "redirects"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address, requests := server(t, c.handler)
			set := params{"url": address, "sha256": sha(content)}
			for k, v := range c.set {
				set[k] = v
			}
			job := newJob(t, set)
			wantError(t, collect.New(c.opts).Run(t.Context(), job), address, c.want)
			if got := len(requests()); got != c.requests {
				t.Errorf("got %d requests, want %d", got, c.requests)
			}
			if _, err := os.Stat(job.Out["file"]); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("the output is there: %v", err)
			}
		})
	}
}

// A server that always breaks off, and always has something else, must not keep
// us busy for ever.
func TestWrongChecksumAfterEveryResume(t *testing.T) {
	t.Parallel()
	content := noise(100_000, 1)
	breaks := broken(content, "", 40_000)
	serves := whole(content, "")
	address, requests := server(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Range") == "" {
			breaks(w, r)
			return
		}
		serves(w, r)
	})
	err := collect.New(fast()).Run(t.Context(), newJob(t, params{"url": address, "sha256": sha(content[1:])}))
	wantError(t, err, "got sha256 "+sha(content))
	if got := len(requests()); got != 4 {
		t.Errorf("got %d requests, want 4", got)
	}
}

func TestWrongChecksumLeavesNothing(t *testing.T) {
	t.Parallel()
	content := noise(1000, 1)
	address, _ := server(t, whole(content, `"1"`))
	opts := fast()
	opts.PartialDir = t.TempDir()
	err := collect.New(opts).Run(t.Context(), newJob(t, params{"url": address, "sha256": sha(nil), "size": 1000}))
	wantError(t, err, address, "expected sha256 "+sha(nil)+" of 1000 bytes", "got sha256 "+sha(content)+" of 1000 bytes", "if it is right, set sha256")
	if !errors.Is(err, stages.ErrInput) {
		t.Errorf("%v does not wrap ErrInput", err)
	}
	wantEmpty(t, opts.PartialDir)
}

func wantEmpty(t *testing.T, dir string) {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestTheNextRunGoesOn(t *testing.T) {
	t.Parallel()
	content := noise(1_000_000, 1)
	address, requests := server(t, broken(content, `"1"`, 600_000), status(404), whole(content, `"1"`))
	opts := fast()
	opts.PartialDir = filepath.Join(t.TempDir(), "partial")
	set := params{"url": address, "sha256": sha(content)}
	wantError(t, collect.New(opts).Run(t.Context(), newJob(t, set)), "404")
	job := newJob(t, set)
	if err := collect.New(opts).Run(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	wantFile(t, job, content)
	last := requests()[2].Header
	if last.Get("Range") != "bytes=600000-" || last.Get("If-Range") != `"1"` {
		t.Errorf("the second run asked for Range %q, If-Range %q", last.Get("Range"), last.Get("If-Range"))
	}
	wantEmpty(t, opts.PartialDir)
}

func TestWhatTheLastRunCompletedIsNotAskedForAgain(t *testing.T) {
	t.Parallel()
	content := noise(1000, 1)
	opts := fast()
	opts.PartialDir = t.TempDir()
	opts.Client = deadNetwork()
	write(t, filepath.Join(opts.PartialDir, sha(content)+".part"), content)
	job := newJob(t, params{"url": "https://example.invalid/a", "sha256": sha(content)})
	if err := collect.New(opts).Run(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	wantFile(t, job, content)
}

func TestDamagedPartialFileIsReplaced(t *testing.T) {
	t.Parallel()
	content := noise(100_000, 1)
	for name, left := range map[string][]byte{"as long": noise(100_000, 2), "shorter": noise(10, 2), "longer": noise(200_000, 2)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address, _ := server(t, whole(content, ""))
			opts := fast()
			opts.PartialDir = t.TempDir()
			write(t, filepath.Join(opts.PartialDir, sha(content)+".part"), left)
			job := newJob(t, params{"url": address, "sha256": sha(content)})
			if err := collect.New(opts).Run(t.Context(), job); err != nil {
				t.Fatal(err)
			}
			wantFile(t, job, content)
		})
	}
}

func TestManyDownloadsOfOneFileAtOnce(t *testing.T) {
	t.Parallel()
	content := noise(1_000_000, 1)
	address, _ := server(t, broken(content, `"1"`, 500_000), whole(content, `"1"`))
	opts := fast()
	opts.PartialDir = t.TempDir()
	stage := collect.New(opts)
	var group sync.WaitGroup
	for range 8 {
		job := newJob(t, params{"url": address, "sha256": sha(content)})
		group.Go(func() {
			if err := stage.Run(t.Context(), job); err != nil {
				t.Error(err)
				return
			}
			wantFile(t, job, content)
		})
	}
	group.Wait()
	wantEmpty(t, opts.PartialDir)
}

func TestCancelDuringTheBody(t *testing.T) {
	t.Parallel()
	content := noise(100_000, 1)
	ctx, cancel := context.WithCancel(t.Context())
	address, requests := server(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(len(content)))
		w.Write(content[:1000]) //nolint:errcheck // the client has to cope
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	job := newJob(t, params{"url": address, "sha256": sha(content)})
	job.OnProgress = func(int64, int64, string) { cancel() }
	err := collect.New(fast()).Run(ctx, job)
	if !errors.Is(err, context.Canceled) || errors.Is(err, stages.ErrInput) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	if len(requests()) != 1 {
		t.Errorf("got %d requests", len(requests()))
	}
}

func TestCancelBetweenAttempts(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	address, _ := server(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(503)
		cancel()
	})
	opts := collect.Options{RetryWait: time.Hour}
	err := collect.New(opts).Run(ctx, newJob(t, params{"url": address, "sha256": sha(nil), "size": 1}))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

func TestSilentConnectionIsGivenUp(t *testing.T) {
	t.Parallel()
	content := noise(100_000, 1)
	address, requests := server(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"1"`)
		w.Header().Set("Content-Length", fmt.Sprint(len(content)))
		w.Write(content[:1000]) //nolint:errcheck // the client has to cope
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}, whole(content, `"1"`))
	opts := fast()
	opts.IdleTimeout = 200 * time.Millisecond
	job := newJob(t, params{"url": address, "sha256": sha(content)})
	if err := collect.New(opts).Run(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	wantFile(t, job, content)
	if len(requests()) < 2 {
		t.Errorf("got %d requests", len(requests()))
	}
}
