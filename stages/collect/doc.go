// Package collect brings one outside file into the workflow.
//
// In comes a URL with the SHA-256 of what it must give, or local files and
// folders. Out goes the file (port file), the file decompressed (port file,
// with decompress) or a folder with the content of an archive (port dir, with
// unpack). Because the checksum is part of the parameters, where the bytes come
// from does not matter: mirrors are asked before the network, downloads resume,
// and neither changes a key. Formats are told by their first bytes, never by a
// name, and no archive writes outside its folder.
package collect
