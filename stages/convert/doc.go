// Package convert turns published question answering datasets into the formats
// that stages exchange.
//
// In comes one file for each language. Three formats are of questions with
// their answers:
//
//   - squad: SQuAD v1.1 and what follows it (SQuADShifts, XQuAD, MLQA, the
//     translated SQuAD of XTREME): data[].paragraphs[]{context, qas[]{id,
//     question, answers[]{text, answer_start}}}. The first answer counts.
//     Contexts are cut into sentences here.
//   - lareqa: the same with the sentence_breaks of LAReQA (XQuAD-R, MLQA-R):
//     half-open intervals of context. They are taken as they are.
//   - parallel: JSON Lines with id, question and passage. A passage is one
//     candidate as it stands; lines of one file with equal passages share it.
//
// Two are of sentences to train on, as SimCSE does (arXiv 2104.08821):
//
//   - nli: natural language inference, as JSON Lines (SNLI, MultiNLI) or CSV. A
//     premise and what it entails are a pair, what contradicts the premise the
//     pair's negatives.
//   - text: a sentence a line, which is a pair with itself.
//
// And beir is a folder that has BEIR's layout already (arXiv 2104.08663).
//
// Out go training pairs (corpus.Pair) and a retrieval set (corpus.Set). A
// question has the same id in all languages: that is what makes files parallel.
// Offsets in the files count Unicode code points, as in Python.
package convert
