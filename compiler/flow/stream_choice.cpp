#include "compiler/flow/stream_choice.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "compiler/base/error.hpp"
#include "compiler/core/core.hpp"
#include "compiler/core/layers.hpp"
#include "compiler/core/weight_stream.hpp"
#include "compiler/schedule/arcs.hpp"

namespace spikeloom {
namespace {

class StreamSearch {
 public:
  StreamSearch(const CompileOptions& options, const BuildWith& build) : options_(options), build_(build) {}

  [[nodiscard]] bool fits(const std::vector<std::string>& streamed) {
    CompileOptions trial = options_;
    trial.stream_weights = streamed;
    trial.spread = Spread::kFewest;
    trial.tune = false;
    trial.dump.reset();
    try {
      const auto built = build_(trial);
      if (std::holds_alternative<Image>(built)) return true;
      reason_ = std::get<DoesNotFit>(built).reason;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kInput) throw;
      reason_ = error.what();
    }
    return false;
  }

  /// Why the last that did not fit did not.
  [[nodiscard]] const std::string& reason() const { return reason_; }

 private:
  const CompileOptions& options_;
  const BuildWith& build_;
  std::string reason_;
};

/// Populations whose weights can be streamed to some kind of tile that they may go to, those with the most
/// bits of weights first.
std::vector<std::string> streamable(const IntNetwork& network, const Chip& chip,
                                    const CompileOptions& options) {
  const Layers layers = make_layers(network);
  std::vector<std::pair<std::uint64_t, std::string>> found;
  for (std::size_t p = 0; p < network.populations.size(); ++p) {
    const std::string& name = network.populations[p].name;
    const auto wanted = options.kinds.find(name);
    bool takes = false;
    for (std::uint32_t k = 0; k < chip.kinds(); ++k)
      takes = takes || ((wanted == options.kinds.end() || wanted->second == chip.kind(k).name) &&
                        core_of(chip.kind(k)).streams(chip.kind(k)).window);
    std::uint64_t bits = 0;
    for (const Layer& layer : layers[p]) bits += layer.weight.size() * layer.bits;
    if (takes && bits > 0) found.emplace_back(bits, name);
  }
  std::stable_sort(found.begin(), found.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<std::string> names;
  for (auto& [bits, name] : found) names.push_back(std::move(name));
  return names;
}

}  // namespace

std::optional<ChosenStreams> choose_streams(const IntNetwork& network, const Chip& chip,
                                            const CompileOptions& options, const BuildWith& build) {
  if (options.stream_weights != std::vector<std::string>{std::string(kStreamAsNeeded)}) return std::nullopt;
  StreamSearch search(options, build);
  const std::vector<std::string> all = streamable(network, chip, options);
  ChosenStreams chosen;
  bool fits = search.fits({});
  for (auto next = all.begin(); !fits && next != all.end(); ++next) {
    chosen.populations.push_back(*next);
    fits = search.fits(chosen.populations);
  }
  const std::string how = "--stream-weights " + std::string(kStreamAsNeeded) + ": ";
  if (!fits) {
    chosen.populations = all;
    return chosen;
  }
  if (chosen.populations.empty()) {
    chosen.notes.push_back(how + "the network fits, so no weights are streamed");
    return chosen;
  }
  const std::vector<std::string> tried = chosen.populations;
  for (const std::string& name : tried) {
    std::vector<std::string> fewer = chosen.populations;
    std::erase(fewer, name);
    if (search.fits(fewer))
      chosen.populations = std::move(fewer);
    else
      chosen.notes.push_back(how + "without " + name +
                             "'s weights streamed the network does not fit: " + search.reason());
  }
  return chosen;
}

std::vector<std::string> notes_on_streams(const Image& image) {
  struct Load {
    std::uint64_t words = 0, clusters = 0;
    std::int64_t cycles = 0;
  };
  std::map<std::size_t, Load> loads;  // by population
  Load all;
  for (const Channel& channel : image.binding.channels) {
    const Inbound* weights = weights_of(image.application, channel);
    if (weights == nullptr) continue;
    const std::int64_t cycles =
        worst_send(channel.slots, image.chip.spike_wheel, worst_flits(image.application, channel));
    const Cluster& cluster = image.application.clusters[channel.to.front().to->index()];
    for (Load* load : {&loads[cluster.population.index()], &all}) {
      load->words += weights->weights;
      ++load->clusters;
      load->cycles += cycles;
    }
  }
  if (all.clusters == 0) return {};
  const auto text = [](const Load& load) {
    return std::to_string(load.clusters) + (load.clusters == 1 ? " cluster, " : " clusters, ") +
           std::to_string(load.words) + " words of 16 bits a step, sent in at most " +
           std::to_string(load.cycles) + " cycles";
  };
  const double part = static_cast<double>(all.cycles) / image.promises.front().period.approximate();
  std::vector<std::string> notes{"the host streams weights of " + text(all) + ", " +
                                 std::to_string(static_cast<int>(100 * part)) + " % of a guaranteed step's"};
  for (const auto& [population, load] : loads)
    notes.push_back("streamed: " + image.application.populations[population] + ", " + text(load));
  return notes;
}

}  // namespace spikeloom
