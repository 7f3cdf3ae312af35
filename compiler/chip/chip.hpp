// The chip description: one TOML file sets the RTL's parameters, the compiler's limits and the model's.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace spikeloom {

/// One tile's capacities and widths. Defaults are chips/mesh4x4.toml's.
struct TileConfig {
  std::uint32_t lanes = 16;      ///< parallel accumulators: 4..64, multiple of 4 and of lif_lanes
  std::uint32_t lif_lanes = 16;  ///< neurons updated a cycle: 1, 2, 4, 8 or 16; divides lanes
  std::vector<std::uint32_t> weight_bits = {8, 4, 2, 1};  ///< formats the lanes decode; 8 always
  std::uint32_t acc_bits = 20;                            ///< accumulator, 12..24
  std::uint32_t state_bits = 24;                          ///< membrane and current, 16..24
  std::uint32_t bias_bits = 20;                           ///< bias_i, 8..24
  std::uint32_t max_shift = 7;                            ///< largest row shift, 0..15
  std::uint32_t max_scale = 7;                            ///< largest accumulator scale, 0..15
  std::uint32_t current = 1;                              ///< 1: synaptic current kept (CubaLIF); 0: not
  std::uint32_t readout = 1;                              ///< 1: LI populations; 0: not
  std::uint32_t contexts = 4;                             ///< resident clusters, 1..16
  std::uint32_t page_rows = 32;                           ///< pages of all contexts together, up to 256
  std::uint32_t page_chunks = 64;                         ///< chunks of 16 axons a page, up to 256
  std::uint32_t chunk_entries = 256;                      ///< chunk table, all contexts
  std::uint32_t axon_entries = 1024;                      ///< per-axon row table, all contexts
  std::uint32_t weight_words = 4096;                      ///< words of lanes × 8 bit
  std::uint32_t groups = 16;  ///< lane groups of accumulators: a context has at most groups·lanes neurons
  std::uint32_t state_words = 64;      ///< LIF groups of state, all contexts
  std::uint32_t update_entries = 512;  ///< update program, all contexts
  std::uint32_t param_sets = 64;       ///< parameter sets, all contexts
  std::uint32_t channels = 8;          ///< outgoing channels
  std::uint32_t deliveries = 16;       ///< inbound (channel, context) pairs
  std::uint32_t credit_counters = 16;  ///< (outgoing channel, destination) pairs
  std::uint32_t out_entries = 128;     ///< output buffers, all contexts
  std::uint32_t order_entries = 16;    ///< static order
  friend bool operator==(const TileConfig&, const TileConfig&) = default;
};

struct HostConfig {
  std::uint32_t applications = 1;      ///< that run at once, 1..16: a queue each
  std::uint32_t channels = 8;          ///< host source channels
  std::uint32_t credit_counters = 32;  ///< their destinations
  std::uint32_t queue_words = 512;     ///< words waiting to be sent, per application
  std::uint32_t output_words = 512;    ///< words waiting for the host
  friend bool operator==(const HostConfig&, const HostConfig&) = default;
};

struct Chip {
  std::string name;
  std::uint32_t width = 1, height = 1;  ///< tiles
  std::uint32_t spike_wheel = 16;       ///< slots, power of two, 4..1024
  std::uint32_t credit_wheel = 16;
  std::uint32_t chunk_index_bits = 10;  ///< a channel carries up to 2^this chunks of 16
  double clock_mhz = 100;               ///< for derived figures only
  TileConfig tile;
  HostConfig host;

  [[nodiscard]] std::uint32_t tiles() const { return width * height; }
  friend bool operator==(const Chip&, const Chip&) = default;
};

/// Reads and checks a chip file. Throws Error{kInput} that lists everything wrong with it, unknown keys
/// included.
[[nodiscard]] Chip read_chip(const std::string& path);
/// The same from text; `name` stands in messages.
[[nodiscard]] Chip parse_chip(const std::string& toml, const std::string& name);
/// Canonical TOML: every key, fixed order. parse_chip(print(c)) == c.
[[nodiscard]] std::string print(const Chip& chip);
/// The most that a chip file may say for a key ("tile.page_chunks"), or 2 to the power of it ("2^noc.…").
/// Throws Error{kInput} for no such key.
[[nodiscard]] std::uint32_t largest(const std::string& key);
/// Hash of everything that shapes the RTL (not name, not clock); the hardware answers it.
[[nodiscard]] std::uint32_t chip_hash(const Chip& chip);

/// A top-level RTL parameter of rtl/chip/spikeloom_chip.sv and its value.
struct RtlParameter {
  std::string name;
  std::uint64_t value;
};
[[nodiscard]] std::vector<RtlParameter> rtl_parameters(const Chip& chip);

}  // namespace spikeloom
