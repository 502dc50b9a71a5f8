using QuantBuild.Models.Wan;
using static TorchSharp.torch;

namespace QuantBuild.Torch.Wan;

/// <summary>What is the same for all blocks of a forward pass.</summary>
/// <param name="Timestep">The integer timestep.</param>
/// <param name="Time">The time's modulation of a block, [6 dim] float32.</param>
/// <param name="Text">Embedded prompt, [text tokens, dim].</param>
/// <param name="Turns">Rotary turns, [tokens, 1, pairs] complex.</param>
/// <param name="Observer">Sees the input of every site; may be null.</param>
/// <param name="Ct">Cancels between the branches of a block.</param>
internal sealed record WanPass(int Timestep, Tensor Time, Tensor Text, Tensor Turns, ISiteObserver? Observer, CancellationToken Ct);
