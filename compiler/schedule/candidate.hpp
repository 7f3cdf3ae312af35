// One way to run an application: what the searches over orders, places, slots and pages compare.
#pragma once

#include <memory>
#include <variant>
#include <vector>

#include "compiler/image/image.hpp"
#include "compiler/schedule/schedule.hpp"

namespace spikeloom {

/// A binding of an application and what it guarantees. A search makes new candidates and keeps the better
/// one; it changes none. Copies share the application.
struct Candidate {
  std::shared_ptr<const Application> application;
  Binding binding;
  Promise promise;                  ///< guaranteed
  std::vector<ActorRole> critical;  ///< whose actors hold its period

  /// `chip` is the one that the binding is for. Valid as long as both are.
  [[nodiscard]] ImageView on(const Chip& chip) const { return {chip, *application, binding}; }
};

/// The candidate that a binding makes: its guarantee is analysed here.
[[nodiscard]] std::variant<Candidate, Deadlocked> candidate_of(std::shared_ptr<const Application> application,
                                                               Binding binding, const Chip& chip);

}  // namespace spikeloom
