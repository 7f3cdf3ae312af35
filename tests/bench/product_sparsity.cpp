// Product sparsity in the cycle formula of a core: an experiment on an image and data, no part of a chip.
//
// usage: product_sparsity IMAGE.loom DATA.npz APPLY
//
// Of the first sample of DATA.
//
// A chunk whose mask came before in the same page, with the same rows in every bit, adds the sum that was
// made then instead of its rows (`equal`); one of which some mask that came before is a part begins with the
// largest such sum and adds the rows that are left (`subset`). A sum is as wide as a row and takes as many
// words, each APPLY cycles (1: its memory gives 16 bits a lane and cycle; 2: it gives 8, as weights' does).
// Making a sum costs nothing: it is written while its rows are walked. No chunk takes longer than without
// sums.
//
// Every page's time without sums is the core's own, or this ends with an error. Of sums that are kept for a
// page, as many as `kept` stand there at most: the one that was not used for longest leaves.
//
// Prints JSON: by number of kept sums (0: all), the cycles of the busiest tile over all samples, turns
// included; the sums that lived in one page at most; comparisons of masks that finding a largest part takes.
#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "compiler/base/error.hpp"
#include "compiler/chip_model/model_device.hpp"
#include "compiler/core/core.hpp"
#include "compiler/data/dataset.hpp"
#include "compiler/image/image.hpp"
#include "compiler/replay/session.hpp"
#include "compiler/replay/stimulus.hpp"
#include "compiler/schedule/arcs.hpp"

namespace spikeloom::bench {
namespace {

constexpr std::size_t kKept[] = {16, 64, 256, 1024, 0};

/// What the rows of a cluster's chunks cost, and which chunks have the same rows up to where they stand.
class Rows {
 public:
  Rows(const Cluster& cluster, const TileKind& tile) {
    const Core& core = core_of(cluster);
    const std::vector<RowKind> kinds = core.row_kinds(cluster);
    const std::int64_t least = core.least(cluster, tile).total();
    std::map<std::uint32_t, std::int64_t> known;
    std::map<std::vector<std::pair<std::uint32_t, std::uint32_t>>, std::size_t> classes;
    std::vector<std::uint16_t> page(cluster.page_chunks(), 0);
    for (std::size_t chunk = 0; chunk < cluster.page_chunks(); ++chunk) {
      std::vector<std::pair<std::uint32_t, std::uint32_t>> rows;
      std::vector<std::int64_t>& cycles = cycles_.emplace_back(hw::kChunkBits, 0);
      for (std::uint32_t bit = 0; bit < hw::kChunkBits; ++bit) {
        if ((cluster.chunk_bits[chunk] >> bit & 1U) == 0) continue;
        const RowKind& row = kinds[chunk * hw::kChunkBits + bit];
        const auto [cost, fresh] = known.try_emplace(row.kind, 0);
        if (fresh) {
          page[chunk] = static_cast<std::uint16_t>(1U << bit);
          cost->second = core.time(cluster, tile, page, 1).total() - least;
          page[chunk] = 0;
        }
        cycles[bit] = cost->second;
        rows.emplace_back(row.kind, row.first);
      }
      const std::uint32_t first = rows.empty() ? 0 : rows.front().second;
      for (auto& row : rows) row.second -= first;
      class_.push_back(classes.try_emplace(std::move(rows), classes.size()).first->second);
    }
  }

  [[nodiscard]] std::size_t class_of(std::size_t chunk) const { return class_[chunk]; }
  /// Of the rows of all bits of the mask.
  [[nodiscard]] std::int64_t walk(std::size_t chunk, std::uint16_t mask) const {
    std::int64_t sum = 0;
    for (std::uint32_t left = mask; left != 0; left &= left - 1)
      sum += cycles_[chunk][static_cast<std::size_t>(std::countr_zero(left))];
    return sum;
  }
  /// Words of a sum of these rows.
  [[nodiscard]] std::int64_t words(std::size_t chunk, std::uint16_t mask) const {
    std::int64_t most = 0;
    for (std::uint32_t left = mask; left != 0; left &= left - 1)
      most = std::max(most, cycles_[chunk][static_cast<std::size_t>(std::countr_zero(left))]);
    return most;
  }

 private:
  std::vector<std::vector<std::int64_t>> cycles_;  ///< by chunk and bit
  std::vector<std::size_t> class_;                 ///< by chunk
};

/// The sums of one page.
class Sums {
 public:
  explicit Sums(std::size_t most) : most_(most) {}

  [[nodiscard]] bool use(std::size_t rows, std::uint16_t mask) {
    const auto found = used_.find(key(rows, mask));
    if (found == used_.end()) return false;
    found->second = ++now_;
    return true;
  }
  /// The largest mask within; 0: none. Every sum that is kept is compared with.
  [[nodiscard]] std::uint16_t part(std::size_t rows, std::uint16_t mask) {
    std::uint16_t best = 0;
    for (const std::uint16_t sum : by_rows_[rows])
      if ((sum & ~mask) == 0 && std::popcount(sum) > std::popcount(best)) best = sum;
    compared_ += static_cast<std::int64_t>(used_.size());
    if (best != 0) used_[key(rows, best)] = ++now_;
    return best;
  }
  void keep(std::size_t rows, std::uint16_t mask) {
    if (std::popcount(mask) < 2) return;  // a row
    if (most_ != 0 && used_.size() == most_) forget_one();
    used_[key(rows, mask)] = ++now_;
    by_rows_[rows].push_back(mask);
    peak_ = std::max(peak_, used_.size());
  }
  [[nodiscard]] std::size_t peak() const { return peak_; }
  [[nodiscard]] std::int64_t compared() const { return compared_; }

 private:
  static std::uint64_t key(std::size_t rows, std::uint16_t mask) { return rows << 16 | mask; }

  void forget_one() {
    const auto oldest = std::min_element(used_.begin(), used_.end(),
                                         [](const auto& a, const auto& b) { return a.second < b.second; });
    std::erase(by_rows_[oldest->first >> 16], static_cast<std::uint16_t>(oldest->first & 0xFFFFU));
    used_.erase(oldest);
  }

  std::size_t most_, peak_ = 0;
  std::int64_t compared_ = 0;
  std::uint64_t now_ = 0;
  std::unordered_map<std::uint64_t, std::uint64_t> used_;  ///< when each was last used
  std::unordered_map<std::size_t, std::vector<std::uint16_t>> by_rows_;
};

struct Variant {
  std::size_t kept = 0;
  bool parts = false;                ///< masks within masks too
  std::vector<std::int64_t> cycles;  ///< by tile
  std::size_t peak = 0;
  std::int64_t compared = 0;
};

class Experiment {
 public:
  Experiment(const Image& image, const Dataset& data, std::int64_t apply)
      : image_(image), data_(data), apply_(apply), plain_(image.binding.orders.size(), 0) {
    for (const std::size_t kept : kKept)
      for (const bool parts : {false, true}) variants_.push_back({kept, parts, plain_, 0, 0});
    for (const Cluster& cluster : image.application.clusters) {
      for (const Inbound& inbound : cluster.inbound)
        if (inbound.from || inbound.delay != 0)
          throw input_error("cluster " + cluster.name + ": expected a layer that reads the host only");
      rows_.emplace_back(cluster, image.chip.kind(cluster.kind));
    }
  }

  void run() {
    for (const Sample& sample : data_.samples)
      for (std::size_t step = 0; step < sample.steps(); ++step) {
        const std::vector<std::uint16_t> host = host_masks(sample, step);
        for (std::size_t c = 0; c < rows_.size(); ++c) fire(c, host);
      }
  }

  [[nodiscard]] nlohmann::ordered_json result() const {
    nlohmann::ordered_json json;
    json["plain"] = most(plain_);
    for (const Variant& variant : variants_)
      json["variants"].push_back({{"kept", variant.kept},
                                  {"parts", variant.parts},
                                  {"cycles", most(variant.cycles)},
                                  {"sums_at_once", variant.peak},
                                  {"compared", variant.compared}});
    return json;
  }
  [[nodiscard]] const std::vector<std::int64_t>& plain() const { return plain_; }

 private:
  static std::int64_t most(const std::vector<std::int64_t>& tiles) {
    return *std::max_element(tiles.begin(), tiles.end());
  }

  [[nodiscard]] std::vector<std::uint16_t> host_masks(const Sample& sample, std::size_t step) const {
    const Application& app = image_.application;
    std::vector<std::uint16_t> masks(app.host_chunks(), 0);
    for (std::size_t i = 0; i < app.inputs.size(); ++i) {
      if (app.inputs[i].is_static && step > 0) continue;
      for (const std::uint32_t axon : axons_of(app.inputs[i], sample.inputs[i].at(step)))
        masks[axon / hw::kChunkBits] =
            static_cast<std::uint16_t>(masks[axon / hw::kChunkBits] | 1U << axon % hw::kChunkBits);
    }
    return masks;
  }

  void fire(std::size_t c, const std::vector<std::uint16_t>& host) {
    const Cluster& cluster = image_.application.clusters[c];
    std::vector<std::uint16_t> page(cluster.page_chunks(), 0);
    for (const Inbound& inbound : cluster.inbound)
      for (std::uint32_t n = 0; n < inbound.source_count; ++n)
        page[inbound.first_chunk + n] = host[inbound.source_first + n];
    const TileKind& tile = image_.chip.kind(cluster.kind);
    const std::size_t at = image_.binding.placement[c].tile.index();
    const std::int64_t time = core_of(cluster).time(cluster, tile, page, 1).total();
    const std::int64_t fixed = core_of(cluster).least(cluster, tile).total();
    std::int64_t walk = 0;
    for (std::size_t chunk = 0; chunk < page.size(); ++chunk) walk += rows_[c].walk(chunk, page[chunk]);
    if (fixed + walk != time)
      throw input_error("cluster " + cluster.name + ": its rows take " + std::to_string(walk) + " cycles, " +
                        std::to_string(time - fixed) + " by its core");
    plain_[at] += time + kTurnCycles;
    for (Variant& variant : variants_) variant.cycles[at] += fixed + kTurnCycles + walked(c, page, variant);
  }

  [[nodiscard]] std::int64_t walked(std::size_t c, const std::vector<std::uint16_t>& page,
                                    Variant& variant) const {
    const Rows& rows = rows_[c];
    Sums sums(variant.kept);
    std::int64_t cycles = 0;
    for (std::size_t chunk = 0; chunk < page.size(); ++chunk) {
      const std::uint16_t mask = page[chunk];
      if (mask == 0) continue;
      const std::size_t alike = rows.class_of(chunk);
      const std::int64_t alone = rows.walk(chunk, mask), applied = apply_ * rows.words(chunk, mask);
      if (sums.use(alike, mask)) {
        cycles += std::min(alone, applied);
        continue;
      }
      const std::uint16_t part = variant.parts ? sums.part(alike, mask) : std::uint16_t{0};
      const auto rest = static_cast<std::uint16_t>(mask & ~part);
      cycles += part == 0 ? alone : std::min(alone, applied + rows.walk(chunk, rest));
      sums.keep(alike, mask);
    }
    variant.peak = std::max(variant.peak, sums.peak());
    variant.compared += sums.compared();
    return cycles;
  }

  const Image& image_;
  const Dataset& data_;
  std::int64_t apply_;
  std::vector<Rows> rows_;           ///< by ClusterId
  std::vector<std::int64_t> plain_;  ///< by tile
  std::vector<Variant> variants_;
};

int run(const std::vector<std::string>& args) {
  if (args.size() != 3 || (args[2] != "1" && args[2] != "2"))
    throw input_error("usage: product_sparsity IMAGE.loom DATA.npz APPLY, which is 1 or 2");
  const Image image = read_image(args[0]);
  const Dataset data = read_dataset(args[1], input_ports(image), {.limit = 1});
  check_data(image, data);
  Experiment experiment(image, data, std::stoll(args[2]));
  experiment.run();
  // The same run on `model`: what its tiles were busy with is what was counted here.
  const std::unique_ptr<ModelLink> model = open_model(image.chip);
  const DeviceRun run = Session(*model, image, {}).run(data);
  nlohmann::ordered_json json = experiment.result();
  for (std::size_t t = 0; t < run.tiles.size(); ++t)
    if (run.tiles[t].busy + kTurnCycles * run.tiles[t].firings != experiment.plain()[t])
      throw input_error("tile " + std::to_string(t) + " of `model` was busy for " +
                        std::to_string(run.tiles[t].busy) + " cycles in " +
                        std::to_string(run.tiles[t].firings) +
                        " firings, counted here with turns: " + std::to_string(experiment.plain()[t]));
  json["ended"] = run.ended.back();
  std::printf("%s\n", json.dump().c_str());
  return 0;
}

}  // namespace
}  // namespace spikeloom::bench

int main(int argc, char** argv) {
  try {
    return spikeloom::bench::run({argv + 1, argv + argc});
  } catch (const spikeloom::Error& error) {
    std::fprintf(stderr, "product_sparsity: error: %s\n", error.what());
    return 2;
  }
}
