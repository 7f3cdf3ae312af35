// What the targets of the link share: an application that runs, and words that are damaged on their way.
#pragma once

#include "compiler/chip_model/link.hpp"
#include "compiler/data/dataset.hpp"
#include "compiler/image/image.hpp"
#include "tests/fuzz/target.hpp"

namespace spikeloom::fuzz {

/// The image of the corpus that the link's targets run.
[[nodiscard]] const Image& wire_image();
/// Two samples for it, of three and two steps, in which everything is set.
[[nodiscard]] const Dataset& wire_data();

/// Edits of a stream of words, in order. An edit is the number of words that are left alone before it (a
/// byte), what happens to the next (a byte modulo 6: another word, a bit turned over, dropped, another put
/// before it, said twice, held back behind the next), and for another word its eight bytes, for a bit its
/// number.
class Damage {
 public:
  explicit Damage(Bytes recipe) : recipe_(recipe) { next(); }
  /// Takes one word and gives those that go on in its place.
  void pass(Word word, std::vector<Word>& on);

 private:
  void next();

  Recipe recipe_;
  bool any_ = false;
  std::size_t left_ = 0;  ///< words before the edit
  std::optional<Word> held_;
};

}  // namespace spikeloom::fuzz
