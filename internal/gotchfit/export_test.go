package gotchfit

import "context"

// Files are files by their path.
type Files = tree

// Mend is mend with the names of the files that it wants.
func Mend(read func(names []string) (Files, error)) (Files, error) {
	gotch, err := read(kept)
	if err != nil {
		return nil, err
	}
	return mend(gotch)
}

// Cached returns the folder of gotch in the module cache.
func Cached(ctx context.Context) (string, error) { return download(ctx) }

// ReadFiles reads files of a folder.
func ReadFiles(dir string, names []string) (Files, error) { return readTree(dir, names) }

// Build compiles C++ files, the first of which is libtch.cpp, to dir/libtch.so.
func Build(ctx context.Context, dir string, sources Files, l *Libtorch) (*Library, bool, error) {
	return build(ctx, dir, sources, l, "")
}
