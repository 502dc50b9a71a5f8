namespace QuantBuild.Models.Vae;

/// <summary>Runs frames through the layers of encoder and decoder: on the processor, or on a device.</summary>
internal interface IVaeEngine : IDisposable
{
    /// <summary>Starts a video that is encoded.</summary>
    IVaePass StartEncoding();

    /// <summary>Starts a video that is decoded.</summary>
    IVaePass StartDecoding();
}

/// <summary>One video on its way through the layers, frame by frame; it remembers what convolutions saw last.</summary>
internal interface IVaePass : IDisposable
{
    /// <summary>Sends a frame through all layers.</summary>
    /// <param name="planes">The frame, [channels, height, width].</param>
    /// <param name="size">Its height and width.</param>
    /// <param name="done">Given the frames that come out, in order: none, one or several, [channels, height, width].</param>
    /// <param name="threads">Threads to use.</param>
    /// <param name="ct">Cancels between blocks of the work.</param>
    void Push(ReadOnlySpan<float> planes, (int Height, int Width) size, PlanesWriter done, int threads, CancellationToken ct);

    /// <summary>Forgets the video: the next frame is the first of another one.</summary>
    void Restart();
}

/// <summary>Receives a frame that came out of the layers.</summary>
/// <param name="planes">[channels, height, width]; valid only during the call.</param>
internal delegate void PlanesWriter(ReadOnlySpan<float> planes);
