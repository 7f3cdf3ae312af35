#include "tests/fuzz/wire.hpp"

#include <utility>

#include "compiler/image/container.hpp"

namespace spikeloom::fuzz {

const Image& wire_image() {
  static const Image image = [] {
    const std::vector<std::uint8_t> payload = from_corpus("image/wire");
    // Its seal holds the hash of the hardware description, which the corpus does not know.
    return decode(seal(payload), "corpus/image/wire");
  }();
  return image;
}

const Dataset& wire_data() {
  static const Dataset data = [] {
    Dataset made;
    for (const StreamInput& input : wire_image().application.inputs)
      made.ports.push_back({input.name, input.shape});
    for (const std::size_t steps : {3U, 2U}) {
      Sample& sample = made.samples.emplace_back();
      sample.id = std::to_string(steps);
      for (const Port& port : made.ports) {
        Train& train = sample.inputs.emplace_back();
        for (std::size_t t = 0; t < steps; ++t) {
          for (std::uint32_t e = 0; e < port.size(); ++e) train.add(e);
          train.end_step();
        }
      }
    }
    return made;
  }();
  return data;
}

void Damage::next() {
  any_ = !recipe_.at_end();
  left_ = recipe_.byte();
}

void Damage::pass(Word word, std::vector<Word>& on) {
  const auto give = [&](Word out) {
    on.push_back(out);
    if (held_) on.push_back(*std::exchange(held_, std::nullopt));
  };
  if (!any_ || left_ > 0) {
    if (any_) --left_;
    return give(word);
  }
  switch (recipe_.byte() % 6) {
    case 0:
      give(recipe_.number(8));
      break;
    case 1:
      give(word ^ Word{1} << recipe_.byte() % 64);
      break;
    case 2:
      break;
    case 3:
      give(recipe_.number(8));
      give(word);
      break;
    case 4:
      give(word);
      give(word);
      break;
    default:
      if (held_) on.push_back(*held_);
      held_ = word;
      break;
  }
  next();
}

}  // namespace spikeloom::fuzz
