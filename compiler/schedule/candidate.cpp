#include "compiler/schedule/candidate.hpp"

#include <utility>

namespace spikeloom {

std::variant<Candidate, Deadlocked> candidate_of(std::shared_ptr<const Application> application,
                                                 Binding binding, const Chip& chip) {
  auto promised = guaranteed({chip, *application, binding});
  if (auto* dead = std::get_if<Deadlocked>(&promised)) return std::move(*dead);
  auto& [promise, critical] = std::get<Guaranteed>(promised);
  return Candidate{std::move(application), std::move(binding), std::move(promise), std::move(critical)};
}

}  // namespace spikeloom
