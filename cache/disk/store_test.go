package disk_test

import (
	"testing"

	"repro/cache"
	"repro/cache/cachetest"
	"repro/cache/disk"
)

func TestStoreConforms(t *testing.T) {
	t.Parallel()
	cachetest.Run(t, func(t *testing.T) cache.Store { return open(t, t.TempDir(), disk.Options{}) })
}

func TestStoreConformsWithoutSmallBlobs(t *testing.T) {
	t.Parallel()
	cachetest.Run(t, func(t *testing.T) cache.Store { return open(t, t.TempDir(), disk.Options{SmallBlob: -1}) })
}

func TestStoreIsDurable(t *testing.T) {
	t.Parallel()
	cachetest.Durable(t, func(t *testing.T, dir string) cache.Store { return open(t, dir, disk.Options{}) })
}

// open opens a store that the test's end closes.
func open(t testing.TB, dir string, o disk.Options) *disk.Store {
	t.Helper()
	s, err := disk.Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}
