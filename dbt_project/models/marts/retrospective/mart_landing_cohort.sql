with

survival as (

    select
        window_start,
        window_end,
        cut_kind,
        cut_value,
        reading,
        variant,
        months_since_signing,
        at_risk,
        events,
        censored,
        km_value,
        km_lower,
        km_upper
    from {{ ref('int_retrospective__survival') }}
    where
        span = 'year'
        and cut_kind = 'district'

),

subjects as (

    select
        project_id,
        reading,
        variant,
        signed_investment,
        signed_on,
        reached_on
    from {{ ref('int_retrospective__landing') }}
    where not is_withdrawn

),

cuts as (

    select
        project_id,
        cut_value
    from {{ ref('int_funnel__cut') }}
    where cut_kind = 'district'

),

-- The curve as read off the projects that still stand: so many months after its own signing each.
curves as (

    select
        survival.window_start,
        survival.cut_value,
        survival.reading,
        survival.variant,
        survival.months_since_signing,
        count(*) filter (
            where subjects.reached_on
            <= subjects.signed_on + to_months(survival.months_since_signing)
        ) as numerator_count,
        sum(subjects.signed_investment) filter (
            where subjects.reached_on
            <= subjects.signed_on + to_months(survival.months_since_signing)
        ) as numerator_amount,
        count(*) as denominator_count,
        sum(subjects.signed_investment) as denominator_amount
    from survival
    inner join subjects
        on
            survival.reading = subjects.reading
            and survival.variant = subjects.variant
            and survival.window_start <= subjects.signed_on
            and survival.window_end >= subjects.signed_on
    inner join cuts
        on
            subjects.project_id = cuts.project_id
            and survival.cut_value = cuts.cut_value
    group by
        survival.window_start,
        survival.cut_value,
        survival.reading,
        survival.variant,
        survival.months_since_signing

),

figures as (

    select
        survival.cut_kind,
        survival.cut_value,
        cast(year(survival.window_start) as integer) as signing_year,
        survival.months_since_signing,
        survival.reading,
        survival.variant,
        bases.basis,
        cast(coalesce(
            case bases.basis
                when 'count' then curves.numerator_count else curves.numerator_amount
            end, 0
        ) as decimal(20, 4)) as numerator,
        cast(coalesce(
            case bases.basis
                when 'count' then curves.denominator_count else curves.denominator_amount
            end, 0
        ) as decimal(20, 4)) as denominator,
        case when bases.basis = 'count' then survival.at_risk end as at_risk,
        case when bases.basis = 'count' then survival.events end as events,
        case when bases.basis = 'count' then survival.censored end as censored,
        case when bases.basis = 'count' then survival.km_value end as km_value,
        case when bases.basis = 'count' then survival.km_lower end as km_lower,
        case when bases.basis = 'count' then survival.km_upper end as km_upper,
        survival.window_end + to_months(survival.months_since_signing) <= {{ as_of() }}
            as is_mature
    from survival
    cross join (values ('count'), ('amount')) as bases (basis)
    left join curves
        on
            survival.window_start = curves.window_start
            and survival.cut_value = curves.cut_value
            and survival.reading = curves.reading
            and survival.variant = curves.variant
            and survival.months_since_signing = curves.months_since_signing

),

valued as (

    select
        *,
        {{ exact_ratio('numerator', 'denominator') }} as value
    from figures

),

-- 水分, and what the checks hold back: the same on every reading's row, as far as the months go
-- in which each is followed.
final as (

    select
        cut_kind,
        cut_value,
        signing_year,
        months_since_signing,
        reading,
        variant,
        basis,
        numerator,
        denominator,
        value,
        cast(
            max(value) filter (where reading = 'claimed') over one_figure
            - max(value) filter (where reading = 'evidenced') over one_figure as decimal(18, 6)
        ) as unsupported_value,
        cast(
            max(value) filter (where reading = 'evidenced') over one_figure
            - max(value) filter (where reading = 'verified') over one_figure as decimal(18, 6)
        ) as held_back_value,
        at_risk,
        events,
        censored,
        km_value,
        km_lower,
        km_upper,
        is_mature,
        {{ as_of() }} as as_of,
        {{ known_on() }} as known_on
    from valued
    window one_figure as (
        partition by cut_value, signing_year, months_since_signing, variant, basis
    )

)

select
    cut_kind,
    cut_value,
    signing_year,
    months_since_signing,
    reading,
    variant,
    basis,
    numerator,
    denominator,
    value,
    unsupported_value,
    held_back_value,
    at_risk,
    events,
    censored,
    km_value,
    km_lower,
    km_upper,
    is_mature,
    as_of,
    known_on
from final
order by
    cut_value,
    signing_year,
    variant,
    basis,
    reading,
    months_since_signing
