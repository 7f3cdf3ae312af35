// Texts of others, such as names from files, made fit to be shown: the interface is public.
#pragma once

#include <spikeloom/files.hpp>
