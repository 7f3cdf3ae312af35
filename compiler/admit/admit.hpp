// Admission at run time: an application that was compiled once finds a place beside those that are there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <spikeloom/admit.hpp>

#include "compiler/admit/chip_state.hpp"
#include "compiler/image/image.hpp"

namespace spikeloom {

struct AdmitOptions {
  std::optional<Ratio> max_period{};  ///< cycles a step: points that guarantee no better are not taken
  bool greedy = false;                ///< more than a fair share of the host's wires where that is faster
  bool tighten =
      true;  ///< the bound graph's own period; otherwise the point's certificate where its budgets hold
};

/// A place for an application. Nothing of those that are there has changed.
struct Admission {
  Binding binding;
  Promise promise;              ///< guaranteed, of the bound graph; its certificate is what `verify` accepts
  std::size_t point = 0;        ///< of the image's
  bool within_budgets = false;  ///< the point's own certificate stands as well
};

/// Binds the best of the image's operating points that fits to free tiles, numbers of the host and slots. The
/// application is projected, not compiled: what shares a tile, firing orders, pages and tables stay as they
/// are.
///
/// Cost    docs/admission.md, "How long it takes"; a refusal also tries the chip without each resident in
///         turn.
/// Throws  Error{kInput} where the image holds no operating points (see points.hpp).
[[nodiscard]] std::variant<Admission, Refusal> admit(const ChipState& state, const Image& image,
                                                     const AdmitOptions& options = {});

/// The image as it was admitted: binding and promise replaced, points gone. Runs alone as well, with the same
/// stamps. Traffic contracts speak of a tile's own work, so they hold on another tile too: where clusters
/// share tiles as they were compiled and the contracts still make steps shorter, there is a contracted
/// promise as well; otherwise contracts are off.
[[nodiscard]] Image bound(Image image, const Admission& admission);

/// By checkers that share nothing with the admission: the bound image is sound and its promises hold.
/// Throws  Error{kInput} that lists what is not so: the image's operating points speak of another
///         application. `source` names the image.
void expect_sound(const Image& bound, const std::string& source);

/// The admitted application as a resident.
[[nodiscard]] Resident resident_of(const std::string& name, const Image& image, const Admission& admission,
                                   std::string digest);

/// "4 tiles, 37 slots, a step every 1234 cycles"
[[nodiscard]] std::string print(const OperatingPoint& point);

}  // namespace spikeloom
