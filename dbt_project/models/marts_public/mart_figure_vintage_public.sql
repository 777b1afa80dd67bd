-- Tax, sales, output, power, staff and payments of a board may be those of one firm: they stay
-- inside.

with

vintages as (

    select *
    from {{ ref('mart_figure_vintage') }}

),

public_figures as (

    select
        source,
        figure
    from {{ ref('vintage_figure') }}
    where effective_from <= {{ as_of() }}
    qualify
        row_number() over (partition by source, figure order by effective_from desc) = 1
        and is_public

),

final as (

    select vintages.*
    from vintages
    inner join public_figures
        on vintages.source = public_figures.source and vintages.figure = public_figures.figure

)

select
    {{ described_columns() }}
from final
