package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/dustin/go-humanize"
	"golang.org/x/sys/unix"
)

// little is how much free space is little: less than a run of small models.
const little = 1 << 30 // bytes

// places looks at the folders that repro writes to.
func (d *doctor) places() {
	elsewhere := "keep it on another disk: --cache DIR, or REPRO_CACHE=DIR in the environment"
	dir, err := filepath.Abs(d.project.dir)
	if err != nil {
		dir = d.project.dir
	}
	d.place("cache", dir, elsewhere)
	d.place("temporary files", os.TempDir(), "name a folder with room: export TMPDIR=DIR")
}

// place looks at a folder that will be written to, and need not exist yet.
func (d *doctor) place(what, dir, help string) {
	there := dir
	for !exists(there) && there != filepath.Dir(there) {
		there = filepath.Dir(there)
	}
	if err := writable(there); err != nil {
		d.add(what, stateMissing, fmt.Sprintf("%s cannot be written: %v", dir, err), help)
		return
	}
	found, warning := dir, false
	if kind := fileSystem(there); kind != "" {
		found += ", on " + kind
		if remote(kind) && what == "cache" {
			found, warning = found+", a network's file system: its locks and memory maps are not to be relied on", true
		}
	}
	if free, ok := free(there); ok {
		found += ", " + humanize.IBytes(uint64(free)) + " free"
		warning = warning || free < little
	}
	if warning {
		d.add(what, stateWarning, found, help)
		return
	}
	d.add(what, stateOK, found, "")
}

// writable tells whether files can be made in a folder.
func writable(dir string) error {
	f, err := os.CreateTemp(dir, ".repro-doctor-")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// free returns the bytes that this user may still write.
func free(dir string) (n int64, ok bool) {
	var stat unix.Statfs_t
	if unix.Statfs(dir, &stat) != nil {
		return 0, false
	}
	return int64(stat.Bavail) * int64(stat.Bsize), true
}

// fileSystem returns the type of the file system that a path is on, as "ext4";
// "" where the kernel does not say.
func fileSystem(path string) string {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return ""
	}
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return ""
	}
	return mountedAt(string(mounts), path)
}

// mountedAt returns the type of the file system that has a path, from the text of
// mountinfo (proc(5)): of nested mounts the innermost, of those at one place the
// last.
func mountedAt(mounts, path string) (kind string) {
	unescape := strings.NewReplacer(`\040`, " ", `\011`, "\t", `\134`, `\`)
	longest := 0
	for line := range strings.Lines(mounts) {
		where, what, _ := strings.Cut(line, " - ")
		fields, types := strings.Fields(where), strings.Fields(what)
		if len(fields) < 5 || len(types) == 0 {
			continue
		}
		point := unescape.Replace(fields[4])
		if len(point) >= longest && (point == "/" || path == point || strings.HasPrefix(path, point+"/")) {
			longest, kind = len(point), types[0]
		}
	}
	return kind
}

// remote reports whether files of such a file system are on another machine.
func remote(kind string) bool {
	return slices.Contains([]string{
		"nfs", "nfs4", "cifs", "smb3", "9p", "afs", "ceph", "lustre", "gpfs", "beegfs", "glusterfs",
		"fuse.sshfs", "fuse.glusterfs", "fuse.ceph", "fuse.rclone", "fuse.s3fs", "fuse.gcsfuse",
	}, kind)
}
