package translate

import (
	"maps"
	"slices"
)

// otherCodes gives, for ISO 639-1, the codes that Apertium's modes use instead.
var otherCodes = map[string][]string{
	"af": {"afr"}, "an": {"arg"}, "ar": {"ara"}, "be": {"bel"}, "bg": {"bul"}, "br": {"bre"},
	"bs": {"hbs_BS", "hbs"}, "ca": {"cat"}, "cy": {"cym"}, "da": {"dan"}, "de": {"deu"}, "el": {"ell"},
	"en": {"eng"}, "eo": {"epo"}, "es": {"spa"}, "eu": {"eus"}, "fr": {"fra"}, "ga": {"gle"},
	"gd": {"gla"}, "gl": {"glg"}, "hi": {"hin"}, "hr": {"hbs_HR", "hbs"}, "id": {"ind"}, "is": {"isl"},
	"it": {"ita"}, "kk": {"kaz"}, "mk": {"mkd"}, "ms": {"zlm", "msa"}, "mt": {"mlt"}, "nb": {"nob"},
	"nl": {"nld"}, "nn": {"nno"}, "no": {"nob"}, "oc": {"oci"}, "pl": {"pol"}, "pt": {"por"},
	"ro": {"ron"}, "ru": {"rus"}, "sc": {"srd"}, "sh": {"hbs"}, "sl": {"slv"}, "sr": {"hbs_SR", "hbs"},
	"sv": {"swe"}, "tr": {"tur"}, "tt": {"tat"}, "uk": {"ukr"}, "ur": {"urd"}, "zh": {"zho"},
}

// codes returns the codes of a language in names of modes, the exact one first.
func codes(lang string) []string { return append([]string{lang}, otherCodes[lang]...) }

// pair is a package with one language pair.
type pair struct {
	name   string // after "apertium-"
	from   string
	to     string
	oneWay bool
}

// debianPairs are the language pairs in Debian 13, without the transitional
// packages; oneWay as their mode files show.
var debianPairs = []pair{
	{name: "afr-nld", from: "af", to: "nl"},
	{name: "arg-cat", from: "an", to: "ca"},
	{name: "bel-rus", from: "be", to: "ru"},
	{name: "br-fr", from: "br", to: "fr", oneWay: true},
	{name: "cat-ita", from: "ca", to: "it"},
	{name: "cat-srd", from: "ca", to: "sc", oneWay: true},
	{name: "dan-nor", from: "da", to: "nb"},
	{name: "dan-nor", from: "da", to: "nn"},
	{name: "en-gl", from: "en", to: "gl"},
	{name: "eng-cat", from: "en", to: "ca"},
	{name: "eng-spa", from: "en", to: "es"},
	{name: "eo-ca", from: "ca", to: "eo", oneWay: true},
	{name: "eo-en", from: "eo", to: "en"},
	{name: "eo-es", from: "es", to: "eo", oneWay: true},
	{name: "eo-fr", from: "fr", to: "eo", oneWay: true},
	{name: "es-gl", from: "es", to: "gl"},
	{name: "es-pt", from: "es", to: "pt"},
	{name: "es-ro", from: "es", to: "ro"},
	{name: "eu-en", from: "eu", to: "en", oneWay: true},
	{name: "eu-es", from: "eu", to: "es", oneWay: true},
	{name: "fr-es", from: "fr", to: "es"},
	{name: "fra-cat", from: "fr", to: "ca"},
	{name: "fra-frp", from: "fr", to: "frp"},
	{name: "hbs-eng", from: "sh", to: "en"},
	{name: "hbs-mkd", from: "sh", to: "mk"},
	{name: "hbs-slv", from: "sh", to: "sl"},
	{name: "ind-zlm", from: "id", to: "ms"},
	{name: "isl-eng", from: "is", to: "en", oneWay: true},
	{name: "isl-swe", from: "is", to: "sv"},
	{name: "mkd-bul", from: "mk", to: "bg"},
	{name: "mkd-eng", from: "mk", to: "en", oneWay: true},
	{name: "nno-nob", from: "nn", to: "nb"},
	{name: "oc-ca", from: "oc", to: "ca"},
	{name: "oc-es", from: "oc", to: "es"},
	{name: "oci-fra", from: "oc", to: "fr"},
	{name: "pol-szl", from: "pl", to: "szl"},
	{name: "por-cat", from: "pt", to: "ca"},
	{name: "pt-gl", from: "pt", to: "gl"},
	{name: "rus-ukr", from: "ru", to: "uk"},
	{name: "spa-arg", from: "es", to: "an"},
	{name: "spa-ast", from: "es", to: "ast"},
	{name: "spa-cat", from: "es", to: "ca"},
	{name: "spa-ita", from: "es", to: "it"},
	{name: "srd-ita", from: "it", to: "sc", oneWay: true},
	{name: "swe-dan", from: "sv", to: "da"},
	{name: "swe-nor", from: "sv", to: "nb"},
	{name: "swe-nor", from: "sv", to: "nn"},
	{name: "urd-hin", from: "ur", to: "hi"},
}

// sameAs gives the language of debianPairs that covers another one.
var sameAs = map[string]string{"no": "nb", "sr": "sh", "hr": "sh", "bs": "sh"}

func pairLanguage(lang string) string {
	if other, ok := sameAs[lang]; ok {
		return other
	}
	return lang
}

// debianPackage returns the package that translates from one language into
// another, or "".
func debianPackage(from, to string) string {
	from, to = pairLanguage(from), pairLanguage(to)
	for _, p := range debianPairs {
		if p.from == from && p.to == to || !p.oneWay && p.to == from && p.from == to {
			return "apertium-" + p.name
		}
	}
	return ""
}

// pivots returns the languages through which a translation could go, sorted.
func pivots(from, to string) []string {
	all := map[string]bool{}
	for _, p := range debianPairs {
		all[p.from], all[p.to] = true, true
	}
	return slices.DeleteFunc(slices.Sorted(maps.Keys(all)), func(lang string) bool {
		return debianPackage(from, lang) == "" || debianPackage(lang, to) == ""
	})
}
