#include "compiler/schedule/candidate.hpp"

#include <utility>

namespace spikeloom {

std::variant<Candidate, Deadlocked> candidate_of(std::shared_ptr<const Application> application,
                                                 Binding binding, const Chip& chip) {
  auto promised = guarantee({chip, *application, binding});
  if (auto* dead = std::get_if<Deadlocked>(&promised)) return std::move(*dead);
  return Candidate{std::move(application), std::move(binding), std::get<Promise>(std::move(promised))};
}

}  // namespace spikeloom
