// Package tokenize turns texts into the ids that an encoder's embedding matrix
// is indexed by, exactly as the library that the encoder was trained with does.
//
// In comes a model folder in the Hugging Face layout; out comes a Tokenizer:
//
//	t, err := tokenize.Load("models/LaBSE")
//	ids := t.Encode("Where is it?", 128) // [CLS] … [SEP], at most 128 ids
//
// Two families are read, those of the paper's encoders:
//
//   - XLM-R: SentencePiece unigram models (sentencepiece.bpe.model), with the
//     normalization rules, user-defined symbols and byte fallback that are in the
//     file, and fairseq's ids: <s> 0, <pad> 1, </s> 2, <unk> 3, then the piece
//     with number n at n+1, <mask> last. A sequence is <s> … </s>.
//   - BERT, LaBSE: WordPiece vocabularies (vocab.txt) with the options of
//     tokenizer_config.json. A sequence is [CLS] … [SEP].
//
// A folder with only a tokenizer.json is read if that has the parts of these
// two; everything else is an error that names the part. TrainWordPiece makes a
// vocabulary for an encoder that is trained from scratch.
//
// # What "exactly" means
//
// The tests compare ids on every question and sentence of XQuAD-R, in 11
// languages, and on strings that have gone wrong somewhere, with SentencePiece
// (0.1.97) for .model files and with Hugging Face's tokenizers (0.23, the "fast"
// ones, which AutoTokenizer takes) for the other two, and every character of
// Unicode between two letters. One difference is known: without accents, U+11938
// (Dives Akuru, Unicode 13) is decomposed here and is not there. Where the
// reference implementations differ among themselves:
//
//   - Special tokens in a text, such as <mask> or [SEP], become their ids, as in
//     Hugging Face's tokenizers. SentencePiece alone takes them for text.
//   - tokenizer.json and the .model that it was made from give other ids to a
//     few texts (less than one in a thousand of the tests): in tokenizers, scores
//     are added up in float64 instead of float32, and a grapheme of less than six
//     bytes is normalized by the shortest rule, so that Ｅ with an accent loses
//     it. Each file is read as its own library reads it.
//   - BERT's original tokenization.py makes ς of a Σ that ends a word; the fast
//     tokenizers make σ. U+2B820 to U+2B91F are ideographs only there.
//   - Classes of characters are those of the fast tokenizers, which have them
//     from an old version of Unicode; see classes.go.
//   - Bytes that are not UTF-8, which the libraries do not accept, are U+FFFD
//     each, as SentencePiece takes them. BERT drops that character.
//
// Memory is bounded on damaged files: no file is read beyond 64 MiB, and no
// length in one is believed.
package tokenize
