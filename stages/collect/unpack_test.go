package collect_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"repro/stages"
	"repro/stages/collect"
)

// file is one entry of a test archive.
type file struct {
	name string
	text string
	kind byte   // of tar; 0 is a regular file
	mode int64  // 0 is 0644
	link string // of tar
}

func makeTar(t testing.TB, files ...file) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, f := range files {
		header := &tar.Header{Name: f.name, Typeflag: f.kind, Mode: f.mode, Linkname: f.link, ModTime: time.Unix(1e9, 0)}
		if f.mode == 0 {
			header.Mode = 0o644
		}
		if f.kind == 0 {
			header.Typeflag = tar.TypeReg
			header.Size = int64(len(f.text))
		}
		if f.kind == tar.TypeXGlobalHeader {
			header = &tar.Header{Typeflag: f.kind, Name: f.name, PAXRecords: map[string]string{"comment": "x"}}
		}
		if err := w.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if f.kind == 0 {
			if _, err := w.Write([]byte(f.text)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func makeZip(t testing.TB, files ...file) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range files {
		header := &zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: time.Now()}
		switch {
		case f.kind == tar.TypeSymlink:
			header.SetMode(fs.ModeSymlink | 0o777)
		case f.kind == tar.TypeChar:
			header.SetMode(fs.ModeDevice | fs.ModeCharDevice | 0o666)
		case f.kind == 'e':
			header.Flags |= 1
		case f.mode != 0:
			header.SetMode(fs.FileMode(f.mode))
		}
		out, err := w.CreateHeader(header)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(f.name, "/") {
			if _, err := out.Write([]byte(f.text)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func gz(t testing.TB, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func zst(t testing.TB, b []byte) []byte {
	t.Helper()
	w, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return w.EncodeAll(b, nil)
}

// tree returns path → content of all files in dir, with "*" behind the path of
// an executable one.
func tree(t testing.TB, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if !info.Mode().IsRegular() {
			t.Errorf("%s is not a regular file", path)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(path, dir+"/")
		if info.Mode()&0o100 != 0 {
			name += "*"
		}
		files[name] = string(b)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestUnpacksEachFormat(t *testing.T) {
	t.Parallel()
	files := []file{
		{name: "top/", kind: tar.TypeDir, mode: 0o755},
		{name: "top/a.txt", text: "A"},
		{name: "./top/bin/run", text: "#!", mode: 0o755},
		{name: "top/é/\U0001F600.json", text: "{}"},
		{name: "top/empty"},
	}
	want := map[string]string{"top/a.txt": "A", "top/bin/run*": "#!", "top/é/\U0001F600.json": "{}", "top/empty": ""}
	github := append([]file{{name: "pax_global_header", kind: tar.TypeXGlobalHeader}}, files...)
	for name, archive := range map[string][]byte{
		"tar":     makeTar(t, github...),
		"tar.gz":  gz(t, makeTar(t, github...)),
		"tar.zst": zst(t, makeTar(t, files...)),
		"zip":     makeZip(t, files...),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			job := newJob(t, params{"unpack": true}, write(t, filepath.Join(t.TempDir(), "named.wrongly"), archive))
			if err := collect.New(collect.Options{}).Run(t.Context(), job); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, tree(t, job.Out["dir"])); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestUnpackSelects(t *testing.T) {
	t.Parallel()
	archive := makeTar(t,
		file{name: "v1/data/dev/en.json", text: "1"}, file{name: "v1/data/test/en.json", text: "2"},
		file{name: "v1/data/README", text: "3"}, file{name: "LICENSE", text: "4"},
		file{name: "v1/data/latest", kind: tar.TypeSymlink, link: "test"})
	for name, c := range map[string]struct {
		set  params
		want map[string]string
	}{
		"by glob":         {params{"include": []string{"**/*.json"}}, map[string]string{"v1/data/dev/en.json": "1", "v1/data/test/en.json": "2"}},
		"after strip":     {params{"strip": 2, "include": []string{"dev/*", "READ*"}}, map[string]string{"dev/en.json": "1", "README": "3"}},
		"strip drops":     {params{"strip": 3, "include": []string{"*.{json,txt}"}}, nil},
		"nothing matches": {params{"include": []string{"*.csv"}}, nil},
		"strips all":      {params{"strip": 9}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c.set["unpack"] = true
			job := newJob(t, c.set, write(t, filepath.Join(t.TempDir(), "a.tar"), archive))
			err := collect.New(collect.Options{}).Run(t.Context(), job)
			switch {
			case name == "strip drops":
				wantError(t, err, `"v1/data/test/en.json": it occurs twice`)
				return
			case c.want == nil:
				wantError(t, err, "no file in it", `it has "v1/data/dev/en.json", "v1/data/test/en.json"`)
				return
			case err != nil:
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, tree(t, job.Out["dir"])); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestUnpacksFoldersAndSeveralArchives(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	folder := filepath.Join(dir, "folder")
	write(t, filepath.Join(folder, "sub", "b"), []byte("B"))
	sources := []string{folder, write(t, filepath.Join(dir, "1"), makeZip(t, file{name: "a", text: "A"})), write(t, filepath.Join(dir, "2"), makeTar(t, file{name: "sub/c", text: "C"}))}
	job := newJob(t, params{"unpack": true}, sources...)
	if err := collect.New(collect.Options{}).Run(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"a": "A", "sub/b": "B", "sub/c": "C"}, tree(t, job.Out["dir"])); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	again := newJob(t, params{"unpack": true}, append(sources, sources[1])...)
	wantError(t, collect.New(collect.Options{}).Run(t.Context(), again), sources[1], `"a": it occurs twice`)
}

func TestRefusedArchives(t *testing.T) {
	t.Parallel()
	ok := file{name: "ok", text: "x"}
	zeros := strings.Repeat("\x00", 2<<20)
	opts := collect.Options{MaxUnpacked: 1 << 20}
	tarOf := func(files ...file) []byte { return makeTar(t, files...) }
	for name, c := range map[string]struct {
		archive []byte
		set     params
		want    string
	}{
		"tar up":              {tarOf(ok, file{name: "a/../../evil"}), nil, `"a/../../evil": its path leaves the folder`},
		"tar absolute":        {tarOf(file{name: "/etc/evil"}), nil, "leaves the folder"},
		"zip up":              {makeZip(t, ok, file{name: "../evil"}), nil, `"../evil": its path leaves the folder`},
		"zip absolute":        {makeZip(t, file{name: "/evil"}), nil, "leaves the folder"},
		"up, though left out": {makeZip(t, ok, file{name: "../evil"}), params{"include": []string{"ok"}}, "leaves the folder"},
		"backslashes":         {makeZip(t, file{name: `..\evil`}), nil, "backslash"},
		"line break":          {tarOf(file{name: "a\nb"}), nil, "line break"},
		"not UTF-8":           {tarOf(file{name: "a\xffb"}), nil, "not UTF-8"},
		"no name":             {makeZip(t, file{name: "./."}), nil, "its name is empty"},
		"symbolic link":       {tarOf(file{name: "l", kind: tar.TypeSymlink, link: "/etc"}, file{name: "l/evil"}), nil, "symbolic link"},
		"zip symbolic link":   {makeZip(t, file{name: "l", text: "/etc", kind: tar.TypeSymlink}), nil, "symbolic link"},
		"hard link":           {tarOf(ok, file{name: "l", kind: tar.TypeLink, link: "/etc/passwd"}), nil, "hard link"},
		"device":              {tarOf(file{name: "d", kind: tar.TypeChar}), nil, "special file"},
		"zip device":          {makeZip(t, file{name: "d", kind: tar.TypeChar}), nil, "special file"},
		"pipe":                {tarOf(file{name: "p", kind: tar.TypeFifo}), nil, "leave it out with include"},
		"encrypted":           {makeZip(t, file{name: "s", text: "x", kind: 'e'}), nil, "encrypted"},
		"twice":               {tarOf(ok, ok), nil, `"ok": it occurs twice`},
		"twice by cleaning":   {tarOf(ok, file{name: ".//ok"}), nil, "it occurs twice"},
		"file then folder":    {tarOf(ok, file{name: "ok/a"}), nil, "a file is where it needs a folder"},
		"folder then file":    {tarOf(file{name: "ok/a"}, ok), nil, `"ok": it occurs twice`},
		"bomb":                {gz(t, tarOf(file{name: "z", text: zeros})), nil, "it unpacks to more than 1048576 bytes: if that is right, set max_bytes"},
		"zip bomb":            {makeZip(t, file{name: "z", text: zeros}), nil, "more than 1048576 bytes"},
		"bomb of many":        {makeZip(t, file{name: "1", text: zeros[:800_000]}, file{name: "2", text: zeros[:800_000]}), nil, "more than 1048576 bytes"},
		"bomb left out":       {zst(t, tarOf(file{name: "z", text: strings.Repeat(zeros, 40)}, ok)), params{"include": []string{"ok"}}, "more than"},
		"set limit":           {makeZip(t, file{name: "z", text: zeros[:5000]}), params{"max_bytes": 4999}, "more than 4999 bytes"},
		"many files":          {tarOf(file{name: "1"}, file{name: "2"}, file{name: "3"}), params{"max_files": 2}, "more than 2 entries: if that is right, set max_files"},
		"many left out":       {makeZip(t, file{name: "1"}, file{name: "2"}, file{name: "3"}), params{"max_files": 2, "include": []string{"3"}}, "more than 2 entries"},
		"truncated zip":       {makeZip(t, ok)[:60], nil, "zip"},
		"truncated tar":       {tarOf(file{name: "a", text: zeros[:5000]})[:2000], nil, "unexpected EOF"},
		"truncated gzip":      {gz(t, tarOf(ok))[:50], nil, "EOF"},
		"damaged gzip end":    {damaged(gz(t, tarOf(ok))), nil, "checksum"},
		"damaged zip":         {bytes.Replace(makeStoredZip(t), []byte("content"), []byte("c0ntent"), 1), nil, "checksum"},
		"empty file":          {nil, nil, "it is no archive: formats are zip, tar, tar.gz and tar.zst"},
		"plain text":          {[]byte("hello"), nil, "it is no archive"},
		"one file in gzip":    {gz(t, []byte("hello")), nil, "it is one file in gzip, no archive: use decompress = true"},
		"one file in zstd":    {zst(t, []byte("hello")), nil, "it is one file in zstd"},
		"zip of nothing":      {makeZip(t), nil, "no file in it"},
		"only folders":        {makeZip(t, file{name: "a/"}), nil, "no file in it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			set := params{"unpack": true}
			for k, v := range c.set {
				set[k] = v
			}
			source := write(t, filepath.Join(t.TempDir(), "archive"), c.archive)
			job := newJob(t, set, source)
			err := collect.New(opts).Run(t.Context(), job)
			wantError(t, err, source, c.want)
			if !errors.Is(err, stages.ErrInput) {
				t.Errorf("%v does not wrap ErrInput", err)
			}
		})
	}
}

// damaged changes the checksum at the end of a gzip file.
func damaged(b []byte) []byte {
	b[len(b)-8] ^= 1
	return b
}

func makeStoredZip(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	out, err := w.CreateHeader(&zip.FileHeader{Name: "a", Method: zip.Store})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(out, "content"); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestRatioIsBounded(t *testing.T) {
	t.Parallel()
	bomb := zst(t, makeTar(t, file{name: "z", text: strings.Repeat("\x00", 64<<20+1)}))
	source := write(t, filepath.Join(t.TempDir(), "a"), bomb)
	stage := collect.New(collect.Options{})
	wantError(t, stage.Run(t.Context(), newJob(t, params{"unpack": true}, source)), "more than 67108864 bytes", "set max_bytes")
	if err := stage.Run(t.Context(), newJob(t, params{"unpack": true, "max_bytes": 64<<20 + 1}, source)); err != nil {
		t.Errorf("with max_bytes: %v", err)
	}
}

func TestSourceFolderWithLinkIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "l")); err != nil {
		t.Fatal(err)
	}
	wantError(t, collect.New(collect.Options{}).Run(t.Context(), newJob(t, params{"unpack": true}, dir)), "symbolic link")
}

func TestDecompresses(t *testing.T) {
	t.Parallel()
	content := bytes.Repeat([]byte("hello "), 1<<16)
	twice := append(gz(t, content[:100]), gz(t, content[100:])...)
	for name, c := range map[string]struct {
		file []byte
		set  params
		want string // in the error
	}{
		"gzip":       {gz(t, content), nil, ""},
		"gzip twice": {twice, nil, ""},
		"zstd":       {zst(t, content), nil, ""},
		"plain":      {content, nil, "neither gzip nor zstd"},
		"zip":        {makeZip(t, file{name: "a"}), nil, "unpack = true"},
		"truncated":  {gz(t, content)[:100], nil, "unexpected EOF"},
		"damaged":    {damaged(gz(t, content)), nil, "checksum"},
		"bomb":       {zst(t, content), params{"max_bytes": len(content) - 1}, "set max_bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address, _ := server(t, whole(c.file, ""))
			set := params{"url": address, "sha256": sha(c.file), "decompress": true}
			for k, v := range c.set {
				set[k] = v
			}
			job := newJob(t, set)
			err := collect.New(fast()).Run(t.Context(), job)
			if c.want != "" {
				wantError(t, err, c.want)
				if !errors.Is(err, stages.ErrInput) {
					t.Errorf("%v does not wrap ErrInput", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			wantFile(t, job, content)
		})
	}
}

func TestUnpackADownload(t *testing.T) {
	t.Parallel()
	archive := makeZip(t, file{name: "d/a", text: "A"})
	address, _ := server(t, broken(archive, `"1"`, 20), whole(archive, `"1"`))
	job := newJob(t, params{"url": address, "sha256": sha(archive), "unpack": true, "strip": 1})
	if err := collect.New(fast()).Run(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]string{"a": "A"}, tree(t, job.Out["dir"])); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestCancelDuringUnpacking(t *testing.T) {
	t.Parallel()
	big := file{name: "z", text: string(noise(8<<20, 1))}
	for name, archive := range map[string][]byte{"tar": makeTar(t, big), "zip": makeZip(t, big), "zst": zst(t, makeTar(t, big))} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			job := newJob(t, params{"unpack": true}, write(t, filepath.Join(t.TempDir(), "a"), archive))
			job.OnProgress = func(int64, int64, string) { cancel() }
			err := collect.New(collect.Options{}).Run(ctx, job)
			if !errors.Is(err, context.Canceled) || errors.Is(err, stages.ErrInput) {
				t.Errorf("got %v, want only context.Canceled", err)
			}
		})
	}
}

// Whatever the archive, nothing is written outside the folder, what is in it
// are regular files within the limits, and a second run writes the same.
func FuzzUnpack(f *testing.F) {
	evil := []file{{name: "a/b", text: "x", mode: 0o755}, {name: "../c", text: "y"}, {name: "l", kind: tar.TypeSymlink, link: "/"}}
	for _, files := range [][]file{evil[:1], evil[:2], evil} {
		f.Add(makeTar(f, files...))
		f.Add(gz(f, makeTar(f, files...)))
		f.Add(zst(f, makeTar(f, files...)))
		f.Add(makeZip(f, files...))
	}
	f.Fuzz(func(t *testing.T, archive []byte) {
		source := write(t, filepath.Join(t.TempDir(), "source"), archive)
		var first map[string]string
		for range 2 {
			job := newJob(t, params{"unpack": true, "max_bytes": 1 << 16, "max_files": 20}, source)
			job.Log = io.Discard
			err := collect.New(collect.Options{}).Run(t.Context(), job)
			files := tree(t, job.Out["dir"])
			size := 0
			for _, text := range files {
				size += len(text)
			}
			if len(files) > 20 || size > 1<<16+64<<10 {
				t.Errorf("%d files of %d bytes, beyond the limits", len(files), size)
			}
			for name := range tree(t, job.Dir) {
				if !strings.HasPrefix(name, "dir.out/") {
					t.Errorf("%q is outside the folder", name)
				}
			}
			if err != nil {
				continue
			}
			if first == nil {
				first = files
			}
			if diff := cmp.Diff(first, files); diff != "" {
				t.Errorf("the second run differs:\n%s", diff)
			}
		}
	})
}
