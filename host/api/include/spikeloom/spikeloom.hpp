// All of Spikeloom's public interface.
#pragma once

#include <spikeloom/admit.hpp>
#include <spikeloom/chip.hpp>
#include <spikeloom/compile.hpp>
#include <spikeloom/compile_options.hpp>
#include <spikeloom/data.hpp>
#include <spikeloom/dataflow.hpp>
#include <spikeloom/devices.hpp>
#include <spikeloom/emulate.hpp>
#include <spikeloom/error.hpp>
#include <spikeloom/explain.hpp>
#include <spikeloom/export.hpp>
#include <spikeloom/files.hpp>
#include <spikeloom/image.hpp>
#include <spikeloom/loop.hpp>
#include <spikeloom/memories.hpp>
#include <spikeloom/outputs.hpp>
#include <spikeloom/progress.hpp>
#include <spikeloom/promise.hpp>
#include <spikeloom/ratio.hpp>
#include <spikeloom/report.hpp>
#include <spikeloom/resources.hpp>
#include <spikeloom/run.hpp>
#include <spikeloom/start_runs.hpp>
#include <spikeloom/version.hpp>
