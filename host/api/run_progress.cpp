#include "host/api/run_progress.hpp"

#include "host/run/run_facts.hpp"

namespace spikeloom {

ProgressTeller::ProgressTeller(const RunOptions& options, const Image& image, const Dataset& data)
    : options_(options), data_(data) {
  progress_.steps = static_cast<std::int64_t>(data.total_steps());
  const OutputStream* first = deciding_output(image);
  if (!options.on_progress || first == nullptr) return;
  is_spiking_ = first->kind == OutputKind::kSpikes;
  rule_ = deciding_rule(options.decide, *first);
}

void ProgressTeller::begin(const std::string& what) {
  progress_.what = what;
  progress_.accuracy.reset();
  next_ = 0;
  through_ = right_ = 0;
}

void ProgressTeller::tell(std::int64_t ended, const RunOutputs& so_far) {
  const bool is_known =
      rule_ && data_.has_labels() && (is_spiking_ ? !so_far.spikes.empty() : !so_far.potentials.empty());
  for (; is_known && next_ < data_.samples.size(); ++next_) {
    const auto steps = static_cast<std::int64_t>(data_.samples[next_].steps());
    if (through_ + steps > ended) break;
    through_ += steps;
    if (decided(so_far) == *data_.samples[next_].label) ++right_;
  }
  progress_.ended = ended;
  if (next_ > 0) progress_.accuracy = static_cast<double>(right_) / static_cast<double>(next_);
  options_.on_progress(progress_);
}

std::int64_t ProgressTeller::decided(const RunOutputs& so_far) const {
  const auto one = [&]<class T>(const Trace<T>& all) {
    return decide(Trace<T>{all.node, all.neurons, {all.samples[next_]}}, *rule_).predictions.front();
  };
  return is_spiking_ ? one(so_far.spikes.front()) : one(so_far.potentials.front());
}

}  // namespace spikeloom
