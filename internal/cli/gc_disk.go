package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/dustin/go-humanize"

	"repro/cache/disk"
	"repro/cache/gc"
	"repro/cache/runs"
	"repro/stages/plugin/build"
)

// onDisk returns the bytes that the cache takes on the disk, as du counts them.
func (p *project) onDisk() (sum int64, err error) {
	for folder := range own {
		paths, err := p.owned(folder)
		if err != nil {
			return 0, err
		}
		for _, path := range paths {
			if real, err := filepath.EvalSymlinks(path); err == nil {
				path = real // a part of the cache may be on another disk
			}
			taken, _, err := usage(path)
			if err != nil {
				return 0, err
			}
			sum += taken
		}
	}
	return sum, nil
}

// usage returns the bytes that a file, or a folder with all that is in it, takes
// on the disk, and when something in it was last written.
func usage(path string) (sum int64, last time.Time, err error) {
	err = filepath.WalkDir(path, func(_ string, entry fs.DirEntry, err error) error {
		var info fs.FileInfo
		if err == nil {
			info, err = entry.Info()
		}
		if errors.Is(err, fs.ErrNotExist) { // another process is at work
			return nil
		}
		if err != nil {
			return err
		}
		if info.ModTime().After(last) {
			last = info.ModTime()
		}
		if st, ok := info.Sys().(*syscall.Stat_t); ok {
			const block = 512 // bytes, whatever the file system's own
			sum += st.Blocks * block
		}
		return nil
	})
	return sum, last, err
}

// leftover is something beside the results that may go.
type leftover struct {
	path, kind string
	bytes      int64
}

// beside returns downloads that were cut off, checkpoints and unpacked commits
// that nobody has touched since. The lock of the cache guards all but the last,
// which take no longer than an hour to read.
func (p *project) beside(since time.Time) ([]leftover, error) {
	var list []leftover
	for _, place := range []struct {
		dir, kind string
		since     time.Time
	}{
		{"partial", "downloads cut off", since},
		{"checkpoints", "checkpoints", since},
		{"revisions", "commits unpacked", earlier(since, time.Now().Add(-time.Hour))},
	} {
		paths, err := p.owned(place.dir)
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			bytes, last, err := usage(path)
			if err != nil {
				return nil, err
			}
			if !last.After(place.since) {
				list = append(list, leftover{path, place.kind, bytes})
			}
		}
	}
	return list, nil
}

// leftWork returns what killed runs left of their stages' folders: whoever opens
// the cache removes it.
func (p *project) leftWork() ([]leftover, error) {
	paths, err := made(filepath.Join(p.storeDir(), "work"), disk.IsWork)
	if err != nil {
		return nil, err
	}
	return leftovers("work cut off", paths)
}

// unusedPlugins returns what was built of plugins, unless runs that are kept used
// it or somebody has since.
func (p *project) unusedPlugins(since time.Time, kept []runs.Plugin) ([]leftover, error) {
	keep := map[string]bool{}
	for _, plugin := range kept {
		keep[build.Home(plugin.Name, plugin.Identity)] = true
	}
	paths, err := build.Unused(p.pluginDir(), keep, since)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return leftovers("plugins", paths)
}

// leftovers measures what may go.
func leftovers(kind string, paths []string) ([]leftover, error) {
	var list []leftover
	for _, path := range paths {
		bytes, _, err := usage(path)
		if err != nil {
			return nil, err
		}
		list = append(list, leftover{path, kind, bytes})
	}
	return list, nil
}

func total(list []leftover) (sum int64) {
	for _, l := range list {
		sum += l.bytes
	}
	return sum
}

func shares(list []leftover) []gc.Share {
	var all []gc.Share
	for _, l := range list {
		i := slices.IndexFunc(all, func(s gc.Share) bool { return s.Kind == l.kind })
		if i < 0 {
			i = len(all)
			all = append(all, gc.Share{Kind: l.kind})
		}
		all[i].Blobs++
		all[i].Bytes += l.bytes
	}
	slices.SortStableFunc(all, func(a, b gc.Share) int { return cmp.Compare(b.Bytes, a.Bytes) })
	return all
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// parseAge reads a duration that may be in days, "14d".
func parseAge(text string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.Atoi(days)
		const most = 36500 // a century
		if err == nil && n >= 0 && n <= most {
			return time.Duration(n) * 24 * time.Hour, nil
		}
	} else if age, err := time.ParseDuration(text); err == nil && age >= 0 {
		return age, nil
	}
	return 0, errors.New("want a duration such as 14d, 12h or 0")
}

// units that parseSize reads, the largest first: a thousand bytes and 1024 of them.
var units = []struct {
	name  string
	bytes int64
}{
	{"TiB", 1 << 40}, {"TB", 1e12}, {"GiB", 1 << 30}, {"GB", 1e9},
	{"MiB", 1 << 20}, {"MB", 1e6}, {"KiB", 1 << 10}, {"kB", 1e3}, {"B", 1},
}

// parseSize reads a number of bytes, such as "10GB" or "1.5 GiB".
func parseSize(text string) (int64, error) {
	number, scale := text, int64(1)
	for _, u := range units {
		if end := len(text) - len(u.name); end > 0 && strings.EqualFold(text[end:], u.name) {
			number, scale = text[:end], u.bytes
			break
		}
	}
	value, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	const most = 1 << 60
	if err != nil || !(value > 0) || value*float64(scale) > most || value*float64(scale) < 1 {
		return 0, errors.New("want a size such as 10GB, 500MB or 2GiB")
	}
	return int64(value * float64(scale)), nil
}

// size returns a number of bytes for people.
func size(bytes int64) string {
	if bytes < 1000 {
		return fmt.Sprintf("%d B", bytes)
	}
	value, prefix := humanize.ComputeSI(float64(bytes))
	return fmt.Sprintf("%.1f %sB", value, prefix)
}
