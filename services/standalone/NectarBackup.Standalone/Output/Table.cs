using System.Text;

namespace NectarBackup.Standalone.Output;

/// <summary>
/// A table as restic draws it: titles, rules of dashes, cells of one or more lines, two blanks between columns, a foot below.
/// </summary>
internal sealed class Table(params string[] titles)
{
    private readonly List<string[][]> _rows = [];

    /// <summary>A row of one cell for each title; a cell is a list of lines.</summary>
    public void Add(params string[][] cells) => _rows.Add(cells);

    public void Add(params string[] cells) => _rows.Add([.. cells.Select(cell => new[] { cell })]);

    public IEnumerable<string> Lines(string? foot = null)
    {
        var widths = new int[titles.Length];
        for (var i = 0; i < titles.Length; i++)
            widths[i] = _rows.SelectMany(row => row[i]).Append(titles[i]).Max(text => text.EnumerateRunes().Count());
        var rule = new string('-', widths.Sum() + 2 * (widths.Length - 1));
        yield return Line(titles, widths);
        yield return rule;
        foreach (var row in _rows)
            for (var line = 0; line < Math.Max(1, row.Max(cell => cell.Length)); line++)
                yield return Line([.. row.Select(cell => line < cell.Length ? cell[line] : "")], widths);
        yield return rule;
        if (foot is not null)
            yield return foot;
    }

    private static string Line(string[] cells, int[] widths)
    {
        var text = new StringBuilder();
        for (var i = 0; i < cells.Length; i++)
        {
            text.Append(cells[i]);
            if (i < cells.Length - 1)
                text.Append(' ', widths[i] - cells[i].EnumerateRunes().Count() + 2);
        }
        return text.ToString().TrimEnd();
    }
}
