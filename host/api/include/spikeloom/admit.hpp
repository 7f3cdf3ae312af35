// Admission: compiled applications find places on a chip that others use, kept in a file of the chip's state.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <spikeloom/export.hpp>
#include <spikeloom/image.hpp>
#include <spikeloom/promise.hpp>
#include <spikeloom/ratio.hpp>

namespace SPIKELOOM_API spikeloom {

/// Why there is no place.
struct Refusal {
  std::string reason;  ///< with the numbers
  std::string remedy;  ///< what would do; may be empty
};

/// An application on a chip.
struct ResidentReport {
  std::string name;
  std::uint32_t application = 0;  ///< the host's number of it
  std::string point;              ///< operating point in force, in words
  Promise promise;                ///< guaranteed
  double steps_per_second = 0;    ///< at clock_mhz
  double clock_mhz = 0;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> tiles;  ///< (x, y)
  std::size_t slots = 0;                                       ///< of all its channels and credit paths
  std::string image_digest;  ///< of its image file, 16 hexadecimal digits; may be empty
};

struct Admitted {
  ResidentReport resident;
  CompiledImage image;                ///< as it was bound; runs alone as well, with the same stamps
  std::optional<Promise> contracted;  ///< where its contracts hold in its place too
  std::size_t point_number = 0, points = 0;
  std::uint32_t free_tiles = 0, tiles = 0;
  double admission_ms = 0;  ///< the decision
  double reading_ms = 0;    ///< the offered image's file
  double verifying_ms = 0;  ///< that it is what it claims, before anything else is done with it
  double all_ms = 0;        ///< with files and checks
};

struct NotAdmitted {
  std::string name;
  Refusal refusal;
  double admission_ms = 0, reading_ms = 0, verifying_ms = 0, all_ms = 0;
};

struct AdmitRequest {
  std::string state;                  ///< file of the chip's state; made where there is none
  std::string image;                  ///< file (.loom)
  std::optional<std::string> chip{};  ///< chip file of a new state; default: the image's chip
  std::optional<std::string> name{};  ///< what to call it; default: the image's file name
  std::optional<Ratio> max_period{};  ///< cycles a step: refuse what guarantees less
  bool greedy = false;                ///< may take more than a fair share of the host's slots
  std::function<void(const std::string& lock)> on_wait{};  ///< another process holds the state's lock file
  std::function<void(const std::string& note)> on_note{};
  /// Everything is decided, the state file not yet replaced. What it throws leaves the state as it was.
  std::function<void(const Admitted&)> before_commit{};
};

/// Binds the image to what is free, in a millisecond, and enters it into the state file. Nobody else on the
/// chip changes by a cycle.
///
/// Throws  Error{kInput} for an image that `verify` finds fault with, files that cannot be used, a name that
///         is taken, a state of another chip, a lock that is held for more than 30 s.
[[nodiscard]] std::variant<Admitted, NotAdmitted> admit(const AdmitRequest& request);

/// A chip's residents and what is free.
struct Residents {
  std::string chip;
  std::uint32_t tiles = 0, free_tiles = 0;
  std::vector<ResidentReport> list;  ///< in the order they came
  std::string free_text;             ///< what is in use, in lines
};

/// Gives back what a resident holds, and says who is left. Throws Error{kInput} where there is no such state
/// or resident.
[[nodiscard]] Residents release(const std::string& state, const std::string& name,
                                const std::function<void(const std::string& lock)>& on_wait = {});
/// Throws Error{kInput} where there is no such state.
[[nodiscard]] Residents residents(const std::string& state);

/// What the commands print and write (schema 1).
[[nodiscard]] std::string to_text(const ResidentReport& resident);
[[nodiscard]] std::string to_text(const Admitted& admitted);
[[nodiscard]] std::string to_text(const NotAdmitted& refused);
[[nodiscard]] std::string to_text(const Residents& residents);
[[nodiscard]] std::string to_json(const Admitted& admitted);
[[nodiscard]] std::string to_json(const NotAdmitted& refused);
[[nodiscard]] std::string to_json(const Residents& residents);

}  // namespace spikeloom
