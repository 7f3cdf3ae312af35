// Who sits where on a chip that several applications share.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compiler/admit/wires.hpp"
#include "compiler/image/image.hpp"

namespace spikeloom {

/// An application that is on the chip.
struct Resident {
  std::string name;
  Binding binding;
  Promise promise;     ///< guaranteed
  std::string point;   ///< which operating point is in force, in words
  std::string digest;  ///< of its image file; may be empty
  friend bool operator==(const Resident&, const Resident&) = default;
};

/// A chip and its residents; what they use is derived from their bindings and never stored.
///
/// Invariant  no tile, no number of the host and no slot of a wire belongs to two residents; names differ.
class ChipState {
 public:
  explicit ChipState(Chip chip);

  [[nodiscard]] const Chip& chip() const { return chip_; }
  [[nodiscard]] const std::vector<Resident>& residents() const {
    return residents_;
  }  ///< in the order they came
  [[nodiscard]] const Resident* find(const std::string& name) const;

  /// What stands against this resident beside those that are there: empty where nothing does.
  [[nodiscard]] std::vector<std::string> clashes(const Resident& resident) const;
  /// Takes it in. Throws Error{kInput} that lists its clashes.
  void enter(Resident resident);
  /// An application that was compiled straight for this chip: its binding and its guaranteed promise as they
  /// are.
  /// Throws  Error{kInput}: another chip, no guaranteed promise, a clash.
  void enter(const std::string& name, const Image& image);
  /// Gives back all that it uses. Throws Error{kInput} naming the residents where there is none of that name.
  void release(const std::string& name);

  // What is free.
  [[nodiscard]] const std::vector<std::uint8_t>& tile_taken() const { return tile_taken_; }  ///< by TileId
  [[nodiscard]] std::uint32_t free_tiles() const;
  [[nodiscard]] std::uint32_t free_tiles(std::uint32_t kind) const;
  [[nodiscard]] const std::vector<std::uint8_t>& applications() const {
    return applications_;
  }  ///< host's numbers, 1: taken
  [[nodiscard]] const std::vector<std::uint8_t>& host_channels() const { return host_channels_; }
  [[nodiscard]] const std::vector<std::uint8_t>& host_counters() const { return host_counters_; }
  [[nodiscard]] const std::vector<std::uint8_t>& sinks() const { return sinks_; }
  [[nodiscard]] const Wires& spikes() const { return spikes_; }
  [[nodiscard]] const Wires& credits() const { return credits_; }

  friend bool operator==(const ChipState&, const ChipState&) = default;

 private:
  void mark(const Binding& binding, bool taken);

  Chip chip_;
  std::vector<Resident> residents_;
  std::vector<std::uint8_t> tile_taken_, applications_, host_channels_, host_counters_, sinks_;
  Wires spikes_, credits_;
};

/// Whether an application may be called so: some text in UTF-8 without control characters, which every file
/// and terminal shows as it is.
[[nodiscard]] bool is_name(const std::string& name);

/// Everything wrong with residents that are said to share a chip, re-derived the slow way by the tables of
/// all of them together; empty: sound. Assumed: nothing.
[[nodiscard]] std::vector<std::string> check(const Chip& chip, const std::vector<Resident>& residents);
[[nodiscard]] std::vector<std::string> check(const ChipState& state);

/// Stable text: what is in use; and the residents with it.
[[nodiscard]] std::string print_free(const ChipState& state);
[[nodiscard]] std::string print(const ChipState& state);

/// 64-bit digest of a file's bytes as 16 hexadecimal digits (FNV-1a): tells files apart, protects against
/// nothing.
[[nodiscard]] std::string digest_of(const std::vector<std::uint8_t>& bytes);

}  // namespace spikeloom
