namespace QuantBuild.Matrices;

/// <summary>Work on rows that do not depend on each other.</summary>
internal interface IRowWork
{
    /// <summary>Does the rows from <paramref name="from"/> up to, not including, <paramref name="to"/>.</summary>
    void Run(int from, int to);
}
