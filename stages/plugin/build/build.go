package build

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"repro/stages/plugin"
	"repro/stages/plugin/host"
)

// Options say what plugins are built with.
type Options struct {
	Root string               // a folder for what is built, which several processes may share
	SDK  fs.FS                // the source of this module, from its root
	Say  func(message string) // told before work that takes a while; may be nil
}

// Plugin is a plugin that is ready to be started.
type Plugin struct {
	*host.Program // Copied and Source are set
	Manifest      *Manifest
	Files         map[string]string // the SHA-256 of each, in hexadecimal, by its path in the plugin's folder
}

// identity names the parts of host.Program.Identity.
const (
	partFiles     = "files"
	partEnv       = "environment"
	partProtocol  = "protocol"
	partToolchain = "toolchain"
	partSDK       = "sdk"
)

// Build makes the plugin in the folder dir ready, unless it has been before.
// A program that is missing is a *stages.MissingToolError.
func Build(ctx context.Context, name, dir string, o Options) (*Plugin, error) {
	m, err := LoadManifest(dir)
	if err != nil {
		return nil, err
	}
	root, err := filepath.Abs(o.Root)
	if err != nil {
		return nil, err
	}
	source := os.DirFS(dir)
	files, err := list(source, ".")
	if err != nil {
		return nil, err
	}
	summed, err := sums(source, files)
	if err != nil {
		return nil, err
	}
	sum, err := hash(summed)
	if err != nil {
		return nil, err
	}
	b := &builder{
		Options: o, ctx: ctx, name: name, dir: dir, manifest: m,
		program: &host.Program{Name: name, Identity: map[string]string{partFiles: sum, partProtocol: strconv.Itoa(plugin.Version)}},
	}
	b.Root = root
	b.environment()
	if err := b.prepare(); err != nil {
		return nil, err
	}
	home := filepath.Join(root, Home(name, b.program.Identity))
	if err := settle(home, func(tmp string) error {
		copied := filepath.Join(tmp, sourceDir)
		if err := copyFiles(copied, source, files); err != nil {
			return err
		}
		if again, err := digest(os.DirFS(copied), files); err != nil || again != sum {
			return fmt.Errorf("%s changed while it was read. Run again", dir)
		}
		defer prune(root, name)
		return b.finish(tmp)
	}); err != nil {
		return nil, err
	}
	Used(home)
	b.command(home)
	b.program.Keep = answersOf(home)
	b.program.Copied, b.program.Source = filepath.Join(home, sourceDir), filepath.Clean(dir)
	return &Plugin{Program: b.program, Manifest: m, Files: summed}, nil
}

// sourceDir is the copy of the plugin's files in its home.
const sourceDir = "src"

// builder makes one plugin.
type builder struct {
	Options
	ctx      context.Context
	name     string
	dir      string // the author's folder
	manifest *Manifest
	program  *host.Program
	sdk      *sdk
	python   string // the interpreter's path
}

// environment passes on the variables that the manifest names. Those that may
// decide results are in the identity.
func (b *builder) environment() {
	values := sha256.New()
	for _, name := range slices.Concat(b.manifest.Env, b.manifest.MachineEnv) {
		value, ok := os.LookupEnv(name)
		if ok {
			b.program.Env = append(b.program.Env, name+"="+value)
		}
		if slices.Contains(b.manifest.Env, name) {
			fmt.Fprintf(values, "%q %t %q\n", name, ok, value) //nolint:errcheck // a hash takes everything
		}
	}
	if len(b.manifest.Env) > 0 {
		b.program.Identity[partEnv] = hex.EncodeToString(values.Sum(nil))
	}
}

// prepare finds out all that is in the identity.
func (b *builder) prepare() error {
	switch b.manifest.Language {
	case Go:
		return b.prepareGo()
	case Python:
		return b.preparePython()
	default:
		return nil
	}
}

// finish builds the plugin in the folder home, whose name is not final yet.
func (b *builder) finish(home string) error {
	if b.manifest.Language == Go {
		return b.compile(home)
	}
	file := filepath.Join(home, sourceDir, b.manifest.File)
	if info, err := os.Stat(file); err != nil || !info.Mode().IsRegular() {
		return fmt.Errorf("%s: file = %q: there is no such file in %s", ManifestFile, b.manifest.File, b.dir)
	}
	if b.manifest.Language == Binary {
		return os.Chmod(file, 0o755) // the mode is not part of the digest
	}
	return nil
}

// command sets what starts the plugin.
func (b *builder) command(home string) {
	file := filepath.Join(home, sourceDir, b.manifest.File)
	switch b.manifest.Language {
	case Go:
		b.program.Argv = []string{filepath.Join(home, b.binary())}
	case Python:
		b.program.Argv = []string{b.python, file}
		b.program.Env = append(b.program.Env, b.pythonEnv()...)
	default:
		b.program.Argv = []string{file}
	}
}

func (b *builder) say(format string, args ...any) {
	if b.Say != nil {
		b.Say(fmt.Sprintf(format, args...))
	}
}

// fingerprint returns a digest of a plugin's identity.
func fingerprint(name string, identity map[string]string) string {
	h := sha256.New()
	fmt.Fprintf(h, "%q\n", name) //nolint:errcheck // a hash takes everything
	for _, part := range slices.Sorted(maps.Keys(identity)) {
		fmt.Fprintf(h, "%q %q\n", part, identity[part]) //nolint:errcheck // as above
	}
	return hex.EncodeToString(h.Sum(nil))
}

// shorten returns enough of a digest for the name of a folder.
func shorten(digest string) string {
	const length = 24 // hex digits
	sum := sha256.Sum256([]byte(digest))
	return hex.EncodeToString(sum[:])[:length]
}

func writeFile(name string, content []byte) error { return os.WriteFile(name, content, 0o644) }
