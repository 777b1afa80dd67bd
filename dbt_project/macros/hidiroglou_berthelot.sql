{# Hidiroglou and Berthelot (1986): how far a unit's change stands out of its stratum, heavy units weighing more.
   `relation` holds stratum, unit, previous and current, both above zero; one row comes out for each that is kept.
   `u`, `a`, `c` are the method's; where equal pairs make up `equal_share` they are dropped, and where more than
   `ratio_share` hold one ratio the tenth and ninetieth percentile take the place of the quartiles (checks.md R17). #}
{% macro hidiroglou_berthelot(relation, u, a, c, equal_share, ratio_share) -%}
    with

    hb_counted as (

        select
            stratum,
            unit,
            cast(previous as double) as previous,
            cast(current as double) as current,
            previous = current as is_equal,
            count(*) over (partition by stratum) as stratum_size,
            count(*) filter (where previous = current) over (partition by stratum) as equal_pairs
        from {{ relation }}

    ),

    hb_ratios as (

        select
            stratum,
            unit,
            previous,
            current,
            stratum_size,
            current / previous as ratio
        from hb_counted
        where not is_equal or equal_pairs < stratum_size * {{ equal_share }}

    ),

    hb_same_ratio as (

        select
            stratum,
            round(ratio, 8) as ratio,
            count(*) as pairs
        from hb_ratios
        group by stratum, round(ratio, 8)

    ),

    hb_strata as (

        select
            stratum,
            max(pairs) > sum(pairs) * {{ ratio_share }} as is_heaped
        from hb_same_ratio
        group by stratum

    ),

    hb_middles as (

        select
            stratum,
            quantile_cont(ratio, 0.5) as middle
        from hb_ratios
        group by stratum

    ),

    hb_effects as (

        select
            hb_ratios.stratum,
            hb_ratios.unit,
            hb_ratios.ratio,
            hb_ratios.stratum_size,
            hb_middles.middle,
            case
                when hb_ratios.ratio < hb_middles.middle
                    then 1 - hb_middles.middle / hb_ratios.ratio
                else hb_ratios.ratio / hb_middles.middle - 1
            end
            * pow(greatest(hb_ratios.previous, hb_ratios.current), cast({{ u }} as double))
                as effect
        from hb_ratios
        inner join hb_middles on hb_ratios.stratum = hb_middles.stratum

    ),

    hb_percentiles as (

        select
            stratum,
            quantile_cont(effect, [0.10, 0.25, 0.5, 0.75, 0.90]) as at_share
        from hb_effects
        group by stratum

    ),

    hb_spreads as (

        select
            hb_percentiles.stratum,
            at_share[3] as middle_effect,
            case when hb_strata.is_heaped then at_share[1] else at_share[2] end as low_effect,
            case when hb_strata.is_heaped then at_share[5] else at_share[4] end as high_effect
        from hb_percentiles
        inner join hb_strata on hb_percentiles.stratum = hb_strata.stratum

    ),

    hb_bounds as (

        select
            stratum,
            middle_effect
            - cast({{ c }} as double) * greatest(
                middle_effect - low_effect, abs(cast({{ a }} as double) * middle_effect)
            ) as low_bound,
            middle_effect
            + cast({{ c }} as double) * greatest(
                high_effect - middle_effect, abs(cast({{ a }} as double) * middle_effect)
            ) as high_bound
        from hb_spreads

    )

    select
        hb_effects.stratum,
        hb_effects.unit,
        hb_effects.ratio,
        hb_effects.middle,
        hb_effects.stratum_size,
        hb_effects.effect,
        hb_bounds.low_bound,
        hb_bounds.high_bound
    from hb_effects
    inner join hb_bounds on hb_effects.stratum = hb_bounds.stratum
{%- endmacro %}
