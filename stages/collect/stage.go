package collect

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/bmatcuk/doublestar/v4"

	"repro/stages"
)

// Options say how to collect, never what: nothing here changes a result. The
// zero value is useful.
type Options struct {
	Mirrors     []string      // folders that are searched by digest, at any depth, before the network
	PartialDir  string        // folder where unfinished downloads wait for the next run; if empty they end with the job
	MaxBytes    int64         // most bytes of a download that declares no size; default 64 GiB
	MaxUnpacked int64         // most bytes that archives unpack to without the parameter max_bytes; default 64 GiB
	MaxFiles    int64         // most entries of archives without the parameter max_files; default 1,000,000
	Client      *http.Client  // default: a new one that minds the proxy environment variables
	Retries     int           // further attempts in a row that bring nothing new; default 8
	RetryWait   time.Duration // pause before the first of them, then doubled up to 60 times as much; default 500 ms
	IdleTimeout time.Duration // how long a connection may bring nothing; default 1 min
}

// The ports.
const (
	portSource = "source"
	portFile   = "file"
	portDir    = "dir"
)

// New returns the stage "collect".
func New(opts Options) stages.Stage {
	opts.MaxBytes = orDefault(opts.MaxBytes, 64<<30)
	opts.MaxUnpacked = orDefault(opts.MaxUnpacked, 64<<30)
	opts.MaxFiles = orDefault(opts.MaxFiles, 1_000_000)
	opts.Retries = orDefault(opts.Retries, 8)
	opts.RetryWait = orDefault(opts.RetryWait, 500*time.Millisecond)
	opts.IdleTimeout = orDefault(opts.IdleTimeout, time.Minute)
	return &stage{opts: opts, mirrors: newMirrors(opts.Mirrors), client: newClient(opts)}
}

func orDefault[T int | int64 | time.Duration](value, otherwise T) T {
	if value == 0 {
		return otherwise
	}
	return value
}

type params struct {
	URL        string   `json:"url"`
	SHA256     string   `json:"sha256"`
	Size       int64    `json:"size"`
	Decompress bool     `json:"decompress"`
	Unpack     bool     `json:"unpack"`
	Strip      int      `json:"strip"`
	Include    []string `json:"include"`
	MaxBytes   int64    `json:"max_bytes"`
	MaxFiles   int64    `json:"max_files"`
}

// Spec implements stages.Stage.
func (*stage) Spec() stages.Spec {
	return stages.Spec{
		Kind:    "collect",
		Version: "1",
		Doc:     "Brings an outside file into the workflow: from a URL with its checksum, or from local files.",
		Params: []stages.Param{
			{Name: "url", Type: "string", Default: `""`, Doc: "Address of the file: http, https or file; instead of source."},
			{Name: "sha256", Type: "string", Default: `""`, Doc: "SHA-256 of the file at url, 64 hexadecimal digits; must be given with url."},
			{Name: "size", Type: "number", Default: "0", Doc: "Size of the file at url in bytes, if known (0 if not): finds wrong answers early, and mirrors sooner."},
			{Name: "decompress", Type: "bool", Default: "false", Doc: "Decompresses the one file (gzip or zstd)."},
			{Name: "unpack", Type: "bool", Default: "false", Doc: "Unpacks archives (zip, tar, tar.gz, tar.zst) and copies folders into one folder."},
			{Name: "strip", Type: "number", Default: "0", Doc: "With unpack: how many leading parts of each path to drop; entries with no more parts are left out."},
			{Name: "include", Type: "list(string)", Default: "[]", Doc: "With unpack: globs (** crosses folders) of the paths to keep, after strip; empty keeps all."},
			{Name: "max_bytes", Type: "number", Default: "0", Doc: "Most bytes to unpack to; 0: 200 times the archive, at least 64 MiB, and the engine's limit."},
			{Name: "max_files", Type: "number", Default: "0", Doc: "Most entries that an archive may have; 0: the engine's limit."},
		},
		Inputs: []stages.Port{
			{Name: portSource, Arity: stages.List, Doc: "Local file, or with unpack any number of archives and folders; instead of url."},
		},
		Outputs: []stages.Port{
			{Name: portFile, Doc: "The file, without unpack."},
			{Name: portDir, Dir: true, Doc: "The unpacked folder, with unpack."},
		},
	}
}

// Outputs implements stages.Outputter: dir with unpack, else file.
func (s *stage) Outputs(raw json.RawMessage) ([]stages.Port, error) {
	var p params
	if err := stages.DecodeParams(raw, &p); err != nil {
		return nil, err
	}
	ports := s.Spec().Outputs
	if p.Unpack {
		return ports[1:], nil
	}
	return ports[:1], nil
}

// Check implements stages.Checker.
func (*stage) Check(raw json.RawMessage) error {
	_, err := decode(raw)
	return err
}

func decode(raw json.RawMessage) (params, error) {
	var p params
	if err := stages.DecodeParams(raw, &p); err != nil {
		return p, err
	}
	if err := p.checkURL(); err != nil {
		return p, err
	}
	switch {
	case p.Decompress && p.Unpack:
		return p, &stages.ParamError{Param: "decompress", Problem: "does not go with unpack", Hint: "Unpacking an archive decompresses it too."}
	case p.Strip < 0:
		return p, negative("strip")
	case p.MaxBytes < 0:
		return p, negative("max_bytes")
	case p.MaxFiles < 0:
		return p, negative("max_files")
	case !p.Unpack && p.Strip != 0:
		return p, &stages.ParamError{Param: "strip", Problem: "needs unpack = true"}
	case !p.Unpack && len(p.Include) > 0:
		return p, &stages.ParamError{Param: "include", Problem: "needs unpack = true"}
	}
	for _, glob := range p.Include {
		if !doublestar.ValidatePattern(glob) {
			return p, &stages.ParamError{Param: "include", Problem: fmt.Sprintf("%q is not a glob", glob), Hint: `A glob looks like "data/**/*.json".`}
		}
	}
	return p, nil
}

func (p *params) checkURL() error {
	if p.URL == "" {
		if p.SHA256 != "" {
			return &stages.ParamError{Param: "sha256", Problem: "is given without url", Hint: "The content of source is pinned without it."}
		}
		if p.Size != 0 {
			return &stages.ParamError{Param: "size", Problem: "is given without url"}
		}
		return nil
	}
	u, err := url.Parse(p.URL)
	switch {
	case err != nil:
		return &stages.ParamError{Param: "url", Problem: err.Error()}
	case (u.Scheme == "http" || u.Scheme == "https") && u.Host != "":
	case u.Scheme == "file" && (u.Host == "" || u.Host == "localhost") && len(u.Path) > 1:
	default:
		return &stages.ParamError{Param: "url", Problem: fmt.Sprintf("%q is no address of a file", p.URL),
			Hint: "It begins with https://, http:// or file:///."}
	}
	if _, err := hex.DecodeString(p.SHA256); err != nil || len(p.SHA256) != 64 {
		problem := "is missing"
		if p.SHA256 != "" {
			problem = fmt.Sprintf("%q is not 64 hexadecimal digits", p.SHA256)
		}
		return &stages.ParamError{Param: "sha256", Problem: problem,
			Hint: fmt.Sprintf("Get it with: curl -sSL '%s' | sha256sum", p.URL)}
	}
	if p.Size < 0 {
		return negative("size")
	}
	return nil
}

func negative(param string) error {
	return &stages.ParamError{Param: param, Problem: "is negative"}
}
