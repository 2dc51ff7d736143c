package cachetest

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"repro/cache"
)

// Durable checks a store that outlives its process. Each call of open opens
// the store in the folder dir, which may hold one already.
func Durable(t *testing.T, open func(t *testing.T, dir string) cache.Store) {
	t.Helper()
	reopen := map[string]func(t *testing.T, s cache.Store, dir string) string{
		"closed": func(t *testing.T, s cache.Store, dir string) string {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			return dir
		},
		// A copy of the folder is what a crash right now would leave.
		"synced and crashed": func(t *testing.T, s cache.Store, dir string) string {
			if err := s.Sync(t.Context()); err != nil {
				t.Fatal(err)
			}
			crashed := filepath.Join(t.TempDir(), "crashed")
			if err := os.CopyFS(crashed, os.DirFS(dir)); err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			return crashed
		},
	}
	for name, leave := range reopen {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			key := cache.Of([]byte("action"))
			var digests []cache.Digest
			for round := range uint64(3) {
				s := open(t, dir)
				for i, d := range digests {
					mustHold(t, s, d)
					if got, err := cache.ReadBlob(t.Context(), s, d); err != nil || cache.Of(got) != d {
						t.Errorf("round %d: blob %d: read %d bytes, %v", round, i, len(got), err)
					}
				}
				if round > 0 {
					if all, err := s.History(t.Context(), key); err != nil || len(all) != int(round) {
						t.Errorf("round %d: history has %d results, %v", round, len(all), err)
					}
					if diff := cmp.Diff(result("out", string(rune('0'+round-1))), lookup(t, s, key)); diff != "" {
						t.Errorf("round %d (-want +got):\n%s", round, diff)
					}
				}
				for _, size := range sizes {
					b := bytes.Clone(Bytes(size, 100+round))
					digests = append(digests, put(t, s, b))
				}
				record(t, s, key, result("out", string(rune('0'+round))))
				dir = leave(t, s, dir)
			}
		})
	}
}
