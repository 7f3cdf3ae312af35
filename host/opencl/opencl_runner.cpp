#include "host/opencl/opencl_runner.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "compiler/base/error.hpp"
#include "compiler/replay/output_traces.hpp"
#include "compiler/replay/stimulus.hpp"
#include "host/opencl/context.hpp"
#include "host/opencl/plan.hpp"
#include "spikeloom_hw.hpp"
#include "spikeloom_opencl_kernels.hpp"

namespace spikeloom {
namespace opencl {
namespace {

constexpr std::uint32_t kTicks = 8;  ///< of a work-item of `batch`: as many sums as vector registers hold
constexpr std::size_t kPageBytes = std::size_t{64} << 20U;  ///< aim for a batch's pages, and for its states
constexpr std::size_t kSumBytes = std::size_t{2}
                                  << 20U;  ///< aim for the sums of a launch: a share of a cache
constexpr std::size_t kMaxBatch = 1024;    ///< samples
constexpr std::size_t kLocalTicks = 8, kLocalRuns = 2, kLocalSamples = 4;  ///< work-group sizes

std::size_t round_up(std::size_t value, std::size_t to) { return (value + to - 1) / to * to; }

/// The program of a core: its own kernels and the neurons' update.
std::string source_of(std::string_view core) {
  const auto* const own = std::find_if(std::begin(kCoreSources), std::end(kCoreSources),
                                       [&](const CoreSource& source) { return source.core == core; });
  SPIKELOOM_CHECK(own != std::end(kCoreSources));
  return std::string(kSourceBefore).append(own->text).append(kSourceBehind);
}

std::string build_options(const CoreKernels& kernels, const TileKind& tile) {
  const auto define = [](const char* name, std::uint32_t value) {
    return std::string(" -D") + name + "=" + std::to_string(value);
  };
  return "-cl-std=CL1.2" + define("LANES", kernels.lanes(tile)) + define("LIF_LANES", tile.lif_lanes) +
         define("ACC_BITS", tile.acc_bits) + define("STATE_BITS", tile.state_bits) +
         define("BIAS_BITS", tile.bias_bits) + define("CURRENT", tile.current) + define("TICKS", kTicks);
}

/// Samples that are run together. Tick t·samples + s is step t of sample s.
struct Batch {
  std::size_t first = 0, samples = 0, steps = 0;  ///< steps: of its longest
  [[nodiscard]] std::size_t ticks() const { return samples * steps; }
};

class Device final : public OpenClRunner {
 public:
  Device(const Image& image, const OpenClOptions& options)
      : image_(image),
        options_(options),
        device_(choose_device(options.platform, options.device)),
        name_("opencl (" + opencl::describe(device_) + ")"),
        plan_(plan(image)) {
    translated(name_, [&] { prepare(); });
  }

  [[nodiscard]] std::string describe() const override { return name_; }

  [[nodiscard]] DeviceRun run(const Dataset& data) override {
    return translated(name_, [&] { return run_all(data); });
  }

  [[nodiscard]] std::vector<std::vector<std::int32_t>> read_state(NeuronState state) override {
    return translated(name_, [&] { return read_states(state); });
  }

 private:
  void prepare() {
    context_ = cl::Context(device_);
    queue_ = cl::CommandQueue(context_, device_);
    for (const PlannedKind& planned : plan_.kinds) {
      const CoreKernels& kernels = *planned.kernels;
      const cl::Program program =
          build(context_, device_, source_of(kernels.core), build_options(kernels, *planned.tile));
      Kind& kind = kinds_.emplace_back();
      kind.batch = cl::Kernel(program, "batch");
      if (kernels.walks) kind.walk = cl::Kernel(program, "walk");
      kind.lif = cl::Kernel(program, "lif");
      for (std::size_t m = 0; m < kind.tables.size(); ++m)
        kind.tables[m] = upload(planned.memories[kernels.memories[m]]);
      kind.updates = upload(planned.memories[hw::kMemUpdates]);
      kind.sets = upload(planned.memories[hw::kMemSets]);
      kind.biases = upload(planned.memories[hw::kMemBiases]);
    }
    clusters_ = upload(plan_.clusters);
    page_table_ = upload(plan_.pages);
    slices_ = upload(plan_.slices);
    pieces_ = upload(plan_.pieces);
  }

  template <class T>
  cl::Buffer upload(const std::vector<T>& values) {
    cl::Buffer buffer(context_, CL_MEM_READ_ONLY, std::max<std::size_t>(values.size() * sizeof(T), 16));
    if (!values.empty())
      queue_.enqueueWriteBuffer(buffer, CL_TRUE, 0, values.size() * sizeof(T), values.data());
    return buffer;
  }

  DeviceRun run_all(const Dataset& data) {
    Stimulus stimulus(image_, data);
    OutputTraces traces(image_, data);
    std::int64_t done = 0;
    for (Batch batch; batch.first < data.samples.size(); batch.first += batch.samples) {
      size(batch, data);
      load_pages(batch, data, stimulus);
      for (const Stage& stage : plan_.stages) run_stage(batch, stage);
      collect(batch, traces);
      for (std::size_t s = 0; s < batch.samples; ++s)
        done += static_cast<std::int64_t>(data.samples[batch.first + s].full_steps());
      if (options_.on_steps) options_.on_steps(done);
      last_ = batch;
    }
    DeviceRun run;
    run.timed = false;
    run.output_spikes = traces.output_spikes();
    run.outputs = traces.take();
    return run;
  }

  /// As many samples from batch.first on as the aims for memory allow, at least one.
  void size(Batch& batch, const Dataset& data) const {
    const std::size_t most = options_.batch == 0 ? kMaxBatch : options_.batch;
    batch.samples = batch.steps = 0;
    for (std::size_t s = batch.first; s < data.samples.size() && batch.samples < most; ++s) {
      const Batch larger{batch.first, batch.samples + 1, std::max(batch.steps, data.samples[s].full_steps())};
      const bool fits = pages_of(larger) * sizeof(std::uint16_t) <= kPageBytes &&
                        larger.samples * plan_.positions * sizeof(std::int32_t) <= kPageBytes;
      if (!fits && batch.samples > 0) break;
      batch = larger;
    }
    const std::uint64_t bytes = pages_of(batch) * sizeof(std::uint16_t),
                        limit = device_.getInfo<CL_DEVICE_MAX_MEM_ALLOC_SIZE>();
    if (bytes > limit || batch.ticks() >= std::size_t{1} << 31U)
      throw device_error(name_ + ": a sample of " + std::to_string(batch.steps) + " steps needs " +
                         std::to_string(bytes) + " bytes for its spikes, the device allows " +
                         std::to_string(limit) + "; use shorter samples");
  }

  [[nodiscard]] std::size_t pages_of(const Batch& batch) const {
    return batch.ticks() * plan_.streams + 2 * kTicks;
  }

  /// Grows a buffer; its contents are lost then.
  void reserve(cl::Buffer& buffer, std::size_t& capacity, std::size_t bytes) {
    if (bytes <= capacity) return;
    buffer = cl::Buffer();
    buffer = cl::Buffer(context_, CL_MEM_READ_WRITE, bytes);
    capacity = bytes;
  }

  /// The host's streams of all steps; everything else is empty until it is run.
  void load_pages(const Batch& batch, const Dataset& data, Stimulus& stimulus) {
    const std::size_t ticks = batch.ticks();
    std::vector<std::uint16_t> host(plan_.host_streams * ticks, 0);
    std::vector<std::uint32_t> lengths;
    std::vector<Word> words;
    for (std::size_t s = 0; s < batch.samples; ++s) {
      lengths.push_back(static_cast<std::uint32_t>(data.samples[batch.first + s].full_steps()));
      for (std::size_t t = 0; t < lengths.back(); ++t) {
        words.clear();
        stimulus.next(words);
        for (const Word word : words) {
          if (word >> 60U != hw::kKindChunk) continue;
          const auto chunk = hw::WordChunk::unpack(word);
          host[chunk.index * ticks + t * batch.samples + s] = static_cast<std::uint16_t>(chunk.mask);
        }
      }
      if (data.samples[batch.first + s].ends_void) stimulus.next(words);
    }
    reserve(pages_, pages_bytes_, pages_of(batch) * sizeof(std::uint16_t));
    reserve(potentials_, potentials_bytes_, batch.samples * plan_.positions * sizeof(std::int32_t));
    const bool has_currents = std::any_of(plan_.kinds.begin(), plan_.kinds.end(),
                                          [](const PlannedKind& kind) { return kind.tile->current != 0; });
    reserve(currents_, currents_bytes_, has_currents ? potentials_bytes_ : 64);
    queue_.enqueueFillBuffer(pages_, cl_ushort{0}, 0, pages_of(batch) * sizeof(std::uint16_t));
    if (!host.empty())
      queue_.enqueueWriteBuffer(pages_, CL_TRUE, kTicks * sizeof(std::uint16_t),
                                host.size() * sizeof(std::uint16_t), host.data());
    lengths_ = upload(lengths);
  }

  void run_stage(const Batch& batch, const Stage& stage) {
    for (std::size_t step = 0, count = 1; step < batch.steps; step += count) {
      if (!stage.recurrent) count = window(batch, stage.levels.front().width, step);
      for (const Level& level : stage.levels) run_level(batch, level, step, step + count);
    }
  }

  /// Steps from `step` on whose sums stay within the aim.
  [[nodiscard]] std::size_t window(const Batch& batch, std::uint32_t width, std::size_t step) const {
    const std::size_t fitting =
        options_.window != 0 ? options_.window : kSumBytes / (batch.samples * width * sizeof(std::int32_t));
    return std::clamp<std::size_t>(fitting, 1, batch.steps - step);
  }

  void run_level(const Batch& batch, const Level& level, std::size_t first_step, std::size_t last_step) {
    const auto u = [](std::size_t value) { return static_cast<cl_uint>(value); };
    const std::size_t first = first_step * batch.samples, last = last_step * batch.samples;
    reserve(sums_, sums_bytes_, (last - first) * level.width * sizeof(std::int32_t));
    const bool batches = options_.kernels == OpenClKernels::kAuto
                             ? last_step - first_step > 1 || batch.samples >= kTicks
                             : options_.kernels == OpenClKernels::kBatch;
    for (const Launch& part : level.launches) {
      Kind& kind = kinds_[part.kind];
      const bool by_batch = batches || !plan_.kinds[part.kind].kernels->walks;
      const std::size_t per_item = by_batch ? kTicks : 1, local = by_batch ? kLocalRuns : kLocalTicks;
      if (part.slices > 0)
        launch(by_batch ? kind.batch : kind.walk,
               cl::NDRange(round_up((last - first + per_item - 1) / per_item, local), part.slices), local,
               kind.tables[0], kind.tables[1], kind.tables[2], clusters_, slices_, page_table_, pages_, sums_,
               u(part.first_slice), u(first), u(last), u(batch.ticks()), u(batch.samples),
               u(level.first_position), u(level.width));
      if (part.pieces > 0)
        launch(kind.lif, cl::NDRange(round_up(batch.samples, kLocalSamples), part.pieces), kLocalSamples,
               kind.updates, kind.sets, kind.biases, clusters_, pieces_, lengths_, potentials_, currents_,
               sums_, pages_, u(part.first_piece), u(first_step), u(last_step), u(batch.ticks()),
               u(batch.samples), u(level.first_position), u(level.width), u(plan_.positions));
    }
  }

  template <class... Arguments>
  void launch(cl::Kernel& kernel, const cl::NDRange& size, std::size_t local, const Arguments&... arguments) {
    cl_uint index = 0;
    (kernel.setArg(index++, arguments), ...);
    queue_.enqueueNDRangeKernel(kernel, cl::NullRange, size, cl::NDRange(local, 1));
  }

  void collect(const Batch& batch, OutputTraces& traces) {
    const std::vector<ClusterId>& sinks = image_.application.sinks;
    const std::size_t ticks = batch.ticks();
    std::vector<std::uint16_t> masks;
    for (std::size_t sink = 0; sink < sinks.size(); ++sink) {
      const std::size_t c = sinks[sink].index();
      const std::size_t first = plan_.clusters[c].out;
      const std::size_t streams =
          (c + 1 < plan_.clusters.size() ? plan_.clusters[c + 1].out : plan_.streams - 1) - first;
      masks.resize(streams * ticks);
      queue_.enqueueReadBuffer(pages_, CL_TRUE, (kTicks + first * ticks) * sizeof(std::uint16_t),
                               masks.size() * sizeof(std::uint16_t), masks.data());
      for (std::size_t n = 0; n < masks.size(); ++n) {
        if (masks[n] == 0) continue;
        const std::size_t tick = n % ticks;
        traces.chunk(static_cast<std::uint32_t>(sink), batch.first + tick % batch.samples,
                     tick / batch.samples, static_cast<std::uint32_t>(n / ticks), masks[n]);
      }
    }
  }

  std::vector<std::vector<std::int32_t>> read_states(NeuronState state) {
    SPIKELOOM_CHECK(last_.samples > 0);
    const std::size_t sample = last_.samples - 1;
    const auto is_absent = [&](const TileKind& kind) {
      return state == NeuronState::kCurrent && kind.current == 0;
    };
    std::vector<std::int32_t> values(plan_.positions, 0);
    const bool none = std::all_of(plan_.kinds.begin(), plan_.kinds.end(),
                                  [&](const PlannedKind& kind) { return is_absent(*kind.tile); });
    if (!none && !values.empty())
      queue_.enqueueReadBuffer(state == NeuronState::kCurrent ? currents_ : potentials_, CL_TRUE,
                               sample * plan_.positions * sizeof(std::int32_t),
                               values.size() * sizeof(std::int32_t), values.data());
    std::vector<std::vector<std::int32_t>> all;
    for (std::size_t c = 0; c < plan_.clusters.size(); ++c) {
      const Cluster& cluster = image_.application.clusters[c];
      const auto from = values.begin() + plan_.clusters[c].position;
      std::vector<std::int32_t>& own =
          all.emplace_back(from, from + static_cast<std::ptrdiff_t>(cluster.size()));
      for (std::size_t p = cluster.pass_stride(); p < own.size(); ++p)
        own[p] = own[p - cluster.pass_stride()];
      for (std::size_t p = 0; p < own.size(); ++p)
        if (cluster.neurons[p] == kNoNeuron || is_absent(image_.chip.kind(cluster.kind))) own[p] = 0;
    }
    return all;
  }

  const Image& image_;
  OpenClOptions options_;
  cl::Device device_;
  std::string name_;
  Plan plan_;
  cl::Context context_;
  cl::CommandQueue queue_;
  /// Kernels for a kind of tile, and the memories of such tiles.
  struct Kind {
    cl::Kernel walk, batch, lif;
    std::array<cl::Buffer, 3> tables;  ///< CoreKernels::memories
    cl::Buffer updates, sets, biases;
  };
  std::vector<Kind> kinds_;  ///< as Plan::kinds
  cl::Buffer clusters_, page_table_, slices_, pieces_, lengths_;
  cl::Buffer pages_, sums_, potentials_, currents_;
  std::size_t pages_bytes_ = 0, sums_bytes_ = 0, potentials_bytes_ = 0, currents_bytes_ = 0;
  Batch last_;
};

}  // namespace
}  // namespace opencl

std::unique_ptr<OpenClRunner> open_opencl(const Image& image, const OpenClOptions& options) {
  return std::make_unique<opencl::Device>(image, options);
}

}  // namespace spikeloom
